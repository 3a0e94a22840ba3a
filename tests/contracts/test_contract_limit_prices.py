from __future__ import annotations

from datetime import date

import polars as pl
import pytest
from pandera.errors import SchemaErrors

from churn_assets.contracts.limit_prices import LimitPrices

GOOD = pl.DataFrame(
    [
        (date(2026, 2, 2), "rules-0123abcd", "budget", "currency", 1000.0, 999.5, 12, 1.7),
        (date(2026, 2, 2), "rules-0123abcd", "capacity:care_call", "users", 50.0, 50.0, 3, 0.0),
    ],
    schema=list(LimitPrices.to_schema().columns),
    orient="row",
)
# One cell of the first row is replaced: column, value, the rule that must speak.
BAD = [
    ("policy_version", "rules", "str_matches"),
    ("limit", "capacity:care_call", "field_uniqueness"),
    ("limit", "", "str_length"),
    ("unit", "cents", "isin"),
    ("most", -1.0, "greater_than_or_equal_to"),
    ("most", 999.0, "limits_are_kept"),
    ("used", -1.0, "greater_than_or_equal_to"),
    ("users_short", -1, "greater_than_or_equal_to"),
    ("price_amount", -0.1, "greater_than_or_equal_to"),
    ("price_amount", float("inf"), "less_than"),
    ("snapshot_date", None, "not_nullable"),
]


def test_good_and_empty_frames_pass() -> None:
    LimitPrices.validate(GOOD, lazy=True)
    LimitPrices.validate(GOOD.clear(), lazy=True)


@pytest.mark.parametrize(("column", "value", "rule"), BAD)
def test_the_broken_rule_is_named(column: str, value: object, rule: str) -> None:
    is_first = pl.int_range(pl.len()) == 0
    cell = pl.when(is_first).then(pl.lit(value).cast(GOOD.schema[column])).otherwise(pl.col(column))
    with pytest.raises(SchemaErrors) as caught:
        LimitPrices.validate(GOOD.with_columns(cell.alias(column)), lazy=True)
    assert any(check.startswith(rule) for check in caught.value.failure_cases["check"])
