from __future__ import annotations

from datetime import date

import polars as pl
import pytest
from pandera.errors import SchemaErrors

from churn_assets.contracts.return_on_spend import ReturnOnSpend
from churn_assets.effects.return_on_spend import SCHEMA

GOOD = pl.DataFrame(
    [
        {
            "treatment": "coupon_10", "campaign": "all", "users": 9, "control_users": 5, "spend_amount": 10.0,
            "brought_amount": 15.0, "return_ratio": 1.5, "return_low": 0.5, "return_high": 2.5,
            "snapshot_date": date(2026, 2, 2), "note": None,
        },
        {
            "treatment": "coupon_10", "campaign": "a", "users": 1, "control_users": 1, "spend_amount": None,
            "brought_amount": None, "return_ratio": None, "return_low": None, "return_high": None,
            "snapshot_date": date(2026, 2, 2), "note": "no interval",
        },
    ],
    schema=SCHEMA,
)  # fmt: skip


def broken(frame: pl.DataFrame) -> list[str]:
    try:
        ReturnOnSpend.validate(frame, lazy=True)
    except SchemaErrors as error:
        return error.failure_cases["check"].to_list()
    return []


def test_good_rows_pass() -> None:
    assert broken(GOOD) == []
    assert broken(GOOD.clear()) == []


@pytest.mark.parametrize(("column", "value", "rule"), [
    ("return_low", 9.0, "interval_holds_the_return"), ("note", None, "a_note_where_there_is_no_return"),
    ("users", -1, "greater_than_or_equal_to"), ("campaign", "all", "unique"), ("treatment", "", "str_length"),
])  # fmt: skip
def test_a_bad_row_is_named(column: str, value: object, rule: str) -> None:
    frame = GOOD.with_columns(pl.lit(value, SCHEMA[column]).alias(column))
    assert any(rule in check for check in broken(frame)), broken(frame)
