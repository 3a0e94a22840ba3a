from __future__ import annotations

from datetime import date

import polars as pl
import pytest
from pandera.errors import SchemaErrors

from churn_assets.contracts.retrain_conditions import CONDITIONS, RetrainConditions

GOOD = pl.DataFrame(
    [
        {
            "snapshot_date": date(2026, 2, 2), "condition": condition, "reason": f"{condition}.",
            "learned_from_date": date(2025, 9, 1),
        }
        for condition in CONDITIONS
    ]
)  # fmt: skip


def broken(frame: pl.DataFrame) -> list[str]:
    try:
        RetrainConditions.validate(frame, lazy=True)
    except SchemaErrors as error:
        return error.failure_cases["check"].to_list()
    return []


def test_good_rows_pass() -> None:
    assert broken(GOOD) == []
    assert broken(GOOD.clear()) == []


@pytest.mark.parametrize(
    ("column", "value", "rule"),
    [
        ("condition", "boredom", "isin"),
        ("reason", "", "str_length"),
        ("learned_from_date", date(2026, 2, 2), "learned_before_the_snapshot"),
    ],
)
def test_a_bad_value_is_refused_by_its_rule(column: str, value: object, rule: str) -> None:
    values = pl.Series(column, [value, *GOOD[column][1:]], dtype=GOOD.schema[column])
    assert any(check.startswith(rule) for check in broken(GOOD.with_columns(values)))


def test_a_reason_stands_once() -> None:
    assert any(check.startswith("multiple_fields") for check in broken(pl.concat([GOOD, GOOD.head(1)])))
