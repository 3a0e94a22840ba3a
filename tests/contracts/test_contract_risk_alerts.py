from __future__ import annotations

from datetime import date

import polars as pl
import pytest
from pandera.errors import SchemaErrors

from churn_assets.contracts.risk_alerts import KINDS, RiskAlerts

GOOD = pl.DataFrame(
    [
        {
            "snapshot_date": date(2026, 2, 9), "before_date": date(2026, 2, 2), "kind": kind, "subject": "x",
            "before": 0.2, "now": 0.6, "users": 1, "value_at_risk_amount": 9.5,
        }
        for kind in KINDS
    ]
)  # fmt: skip


def broken(frame: pl.DataFrame) -> list[str]:
    try:
        RiskAlerts.validate(frame, lazy=True)
    except SchemaErrors as error:
        return error.failure_cases["check"].to_list()
    return []


def test_good_rows_pass() -> None:
    assert broken(GOOD) == []
    assert broken(GOOD.clear()) == []


@pytest.mark.parametrize(("column", "value", "rule"), [
    ("kind", "mood", "isin"), ("subject", "", "str_length"), ("now", 0.1, "has_grown_worse"), ("now", 1.2, "in_range"),
    ("users", 0, "greater_than_or_equal_to"), ("before_date", date(2026, 2, 9), "compared_with_an_earlier_snapshot"),
    ("value_at_risk_amount", -1.0, "greater_than_or_equal_to"), ("kind", "user", "unique"),
])  # fmt: skip
def test_a_bad_row_is_named(column: str, value: object, rule: str) -> None:
    frame = GOOD.with_columns(pl.lit(value).alias(column))
    assert any(rule in check for check in broken(frame)), broken(frame)
