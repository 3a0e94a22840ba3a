from __future__ import annotations

from datetime import date

import polars as pl
import pytest
from pandera.errors import SchemaErrors

from churn_assets.contracts.policy_comparison import PolicyComparison

GOOD = pl.DataFrame(
    [
        (date(2026, 2, 2), "rules", "rules-0123abcd", True, 12, 50.0, 20.0, 30.0, 0.0, True),
        (date(2026, 2, 2), "value", "value-0123abcd", False, 0, 0.0, 0.0, 0.0, 0.001, False),
    ],
    schema=list(PolicyComparison.to_schema().columns),
    orient="row",
)
# One cell of the first row is replaced: column, value, the rule that must speak.
BAD = [
    ("policy_version", "rules", "str_matches"),
    ("policy", "value", "field_uniqueness"),
    ("policy", "", "str_length"),
    ("is_used", False, "one_is_used"),
    ("users_acted_on", -1, "greater_than_or_equal_to"),
    ("expected_gain_amount", -1.0, "greater_than_or_equal_to"),
    ("expected_cost_amount", float("inf"), "less_than"),
    ("expected_profit_amount", None, "not_nullable"),
    ("bound_share", -0.1, "greater_than_or_equal_to"),
]


def test_a_good_frame_passes() -> None:
    PolicyComparison.validate(GOOD, lazy=True)


@pytest.mark.parametrize(("column", "value", "rule"), BAD)
def test_the_broken_rule_is_named(column: str, value: object, rule: str) -> None:
    is_first = pl.int_range(pl.len()) == 0
    cell = pl.when(is_first).then(pl.lit(value).cast(GOOD.schema[column])).otherwise(pl.col(column))
    with pytest.raises(SchemaErrors) as caught:
        PolicyComparison.validate(GOOD.with_columns(cell.alias(column)), lazy=True)
    assert any(check.startswith(rule) for check in caught.value.failure_cases["check"])
