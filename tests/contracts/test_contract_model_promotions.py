from __future__ import annotations

from datetime import date, datetime

import polars as pl
import pytest
from pandera.errors import SchemaErrors

from churn_assets.contracts.model_promotions import ModelPromotions

DAY, EARLIER, LATER = date(2026, 11, 16), date(2026, 9, 7), date(2026, 11, 23)
GOOD = pl.DataFrame(
    {
        "snapshot_date": [DAY, LATER],
        "decision": ["promoted", "kept"],
        "champion_snapshot_date": [DAY, DAY],
        "model_version": ["0123456789ab"] * 2,
        "challenger_version": ["0123456789ab", "123456789abc"],
        "decided_by": ["gate"] * 2,
        "decided_at": [datetime(2026, 11, 16), datetime(2026, 11, 23)],  # UTC, naive
        "reason": ["won", "too young to be tested"],
        "slice_date": [date(2026, 10, 19), None],
        "log_loss_gain": [0.01, None],
        "log_loss_gain_low": [0.005, None],
        "log_loss_gain_high": [0.015, None],
        "gain_over_baseline": [0.02, None],
        "gain_over_baseline_low": [0.01, None],
        "ece_calibrated": [0.02, None],
        "worst_segment": ["one order", None],
        "worst_segment_gain": [-0.001, None],
    }
)
BAD = [
    ("snapshot_date", LATER, "field_uniqueness"),
    ("decision", "guessed", "isin"),
    ("model_version", "", "str_length"),
    ("challenger_version", "", "str_length"),
    ("decided_by", "", "str_length"),
    ("reason", "", "str_length"),
    ("log_loss_gain", float("nan"), "in_range"),
    ("log_loss_gain_low", float("inf"), "in_range"),
    ("log_loss_gain_high", float("inf"), "in_range"),
    ("gain_over_baseline", float("inf"), "in_range"),
    ("gain_over_baseline_low", float("inf"), "in_range"),
    ("ece_calibrated", 1.1, "in_range"),
    ("worst_segment_gain", float("inf"), "in_range"),
    ("champion_snapshot_date", LATER, "no_champion_from_the_future"),
    ("champion_snapshot_date", EARLIER, "new_champions_are_of_the_snapshot"),
    ("log_loss_gain_low", -0.001, "promoted_on_proof"),
    ("log_loss_gain_low", None, "promoted_on_proof"),
    ("slice_date", DAY, "tested_before_the_snapshot"),
]


def test_good_rows_pass() -> None:
    ModelPromotions.validate(GOOD, lazy=True)


@pytest.mark.parametrize(("column", "value", "rule"), BAD)
def test_a_bad_row_names_its_rule(column: str, value: object, rule: str) -> None:
    bad = pl.lit(value, GOOD.schema[column])
    frame = GOOD.with_columns(pl.when(pl.col("snapshot_date") == DAY).then(bad).otherwise(column).alias(column))
    with pytest.raises(SchemaErrors) as caught:
        ModelPromotions.validate(frame, lazy=True)
    assert rule in {check.split("(")[0] for check in caught.value.failure_cases.get_column("check")}
