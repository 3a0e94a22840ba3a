from __future__ import annotations

from datetime import date, datetime

import polars as pl
import pytest
from pandera.errors import SchemaErrors

from churn_assets.contracts.experiment_readout import ExperimentReadout

GOOD = pl.DataFrame(
    [
        # arm, metric, users, mean, control, effect, low, high, p, is_matured, note
        ("read", "retained", 50, 0.75, 0.5, 0.25, 0.05, 0.45, 0.01, True, None),
        ("small", "spent_amount", 1, 4.0, 2.5, 1.5, None, None, None, True, "no interval"),
        ("early", "retained", 50, None, None, None, None, None, None, False, "not matured"),
    ],
    schema={
        "arm": pl.String,
        "metric": pl.String,
        "users": pl.Int64,
        "mean": pl.Float64,
        "control_mean": pl.Float64,
        "effect": pl.Float64,
        "effect_low": pl.Float64,
        "effect_high": pl.Float64,
        "p_value": pl.Float64,
        "is_matured": pl.Boolean,
        "note": pl.String,
    },
    orient="row",
).with_columns(
    campaign=pl.lit("c1"),
    control_arm=pl.lit("control"),
    window_days=pl.lit(28, pl.Int64),
    control_users=pl.lit(50, pl.Int64),
    sample_ratio_p_value=pl.lit(0.9),
    is_sample_ratio_ok=pl.lit(value=True),
    snapshot_date=pl.lit(date(2025, 6, 30)),
    matures_at=pl.when("is_matured").then(datetime(2025, 6, 30)).otherwise(datetime(2025, 7, 1)),
)
GOOD = GOOD.select(ExperimentReadout.to_schema().columns.keys())

BAD = [
    ("campaign", "", "read", "str_length"),
    ("arm", "control", "read", "notin"),
    ("arm", "early", "read", "multiple_fields_uniqueness"),
    ("control_arm", "read", "read", "isin"),
    ("window_days", 0, "read", "greater_than_or_equal_to"),
    ("metric", "clicks", "read", "isin"),
    ("users", -1, "read", "greater_than_or_equal_to"),
    ("control_users", -1, "read", "greater_than_or_equal_to"),
    ("p_value", 1.01, "read", "in_range"),
    ("sample_ratio_p_value", -0.01, "read", "in_range"),
    ("is_matured", None, "read", "not_nullable"),
    ("effect", float("inf"), "read", "finite_or_null"),
    ("mean", float("nan"), "small", "finite_or_null"),
    ("is_matured", False, "read", "matured_by_the_snapshot"),
    ("matures_at", datetime(2025, 6, 30), "early", "matured_by_the_snapshot"),
    ("mean", 0.5, "early", "no_effect_before_maturity"),
    ("effect", 0.2, "read", "effect_is_the_difference_of_means"),
    ("effect", None, "small", "effect_is_the_difference_of_means"),
    ("effect_low", 0.3, "read", "interval_holds_the_effect"),
    ("effect_high", None, "read", "interval_holds_the_effect"),
    ("p_value", None, "read", "interval_holds_the_effect"),
    ("note", None, "small", "note_whenever_there_is_no_interval"),
    ("is_sample_ratio_ok", False, "read", "sample_ratio_verdict_follows_its_p_value"),
    ("sample_ratio_p_value", 0.0009, "read", "sample_ratio_verdict_follows_its_p_value"),
    ("sample_ratio_p_value", None, "read", "sample_ratio_verdict_follows_its_p_value"),
    ("mean", 1.25, "read", "retained_is_a_share"),
]


def broken_rules(frame: pl.DataFrame) -> set[str]:
    with pytest.raises(SchemaErrors) as caught:
        ExperimentReadout.validate(frame, lazy=True)
    return {check.split("(")[0] for check in caught.value.failure_cases.get_column("check")}


def test_a_good_readout_passes() -> None:
    ExperimentReadout.validate(GOOD, lazy=True)
    ExperimentReadout.validate(GOOD.with_columns(note=pl.lit("with an interval there may be a note too")), lazy=True)


@pytest.mark.parametrize(("column", "value", "arm", "rule"), BAD)
def test_a_bad_row_names_its_rule(column: str, value: object, arm: str, rule: str) -> None:
    bad = pl.lit(value, GOOD.schema[column])

    frame = GOOD.with_columns(pl.when(pl.col("arm") == arm).then(bad).otherwise(column).alias(column))

    assert rule in broken_rules(frame)


def test_columns_are_fixed() -> None:
    assert "column_in_schema" in broken_rules(GOOD.with_columns(lift=pl.lit(1.0)))
    assert "column_in_dataframe" in broken_rules(GOOD.drop("note"))
    assert "column_ordered" in broken_rules(GOOD.select(reversed(GOOD.columns)))


def test_every_rule_of_the_table_has_a_bad_row() -> None:
    table_rules = {check.name for check in ExperimentReadout.to_schema().checks}

    assert table_rules <= {rule for _, _, _, rule in BAD}
