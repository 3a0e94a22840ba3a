from __future__ import annotations

from datetime import date

import polars as pl
import pytest
from pandera.errors import SchemaErrors

from churn_assets.contracts.settings_used import SettingsUsed

GOOD = pl.DataFrame(
    [
        {"snapshot_date": date(2026, 2, 2), "setting": "churn.horizon_days", "value": "28"},
        {"snapshot_date": date(2026, 2, 2), "setting": "delivery.webhook_secret", "value": '"(set, not shown)"'},
    ]
)


def broken(frame: pl.DataFrame) -> list[str]:
    try:
        SettingsUsed.validate(frame, lazy=True)
    except SchemaErrors as error:
        return error.failure_cases["check"].to_list()
    return []


def test_good_rows_pass() -> None:
    assert broken(GOOD) == []


@pytest.mark.parametrize(
    ("column", "value", "rule"),
    [("setting", "horizon", "str_matches"), ("value", "", "str_length"), ("setting", "churn.horizon_days", "unique")],
)
def test_a_bad_row_is_named(column: str, value: str, rule: str) -> None:
    frame = GOOD.with_columns(pl.lit(value).alias(column))
    assert any(rule in check for check in broken(frame)), broken(frame)
