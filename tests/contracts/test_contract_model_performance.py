from __future__ import annotations

from datetime import date, datetime

import polars as pl
import pytest
from pandera.errors import SchemaErrors

from churn_assets.contracts.model_performance import METRICS, ModelPerformance

GOOD = pl.DataFrame(
    {
        "snapshot_date": [date(2025, 5, 5)] * 2,
        "matures_at": [datetime(2025, 6, 2)] * 2,  # UTC, naive
        "measured_at": [datetime(2025, 6, 2)] * 2,
        "model_version": ["0123456789ab"] * 2,
        "population": ["all", "untreated"],
        "users": [100, 3],
        "churners": [40, 3],
        "auc": [0.8, None],
        "average_precision": [0.7, None],
        "log_loss": [0.5, None],
        "brier": [0.2, None],
        "ece": [0.03, None],
        "lift_10": [2.1, None],
    }
)

BAD = [
    ("model_version", "", "str_length"),
    ("population", "treated", "isin"),
    ("population", "untreated", "multiple_fields_uniqueness"),
    ("users", -1, "greater_than_or_equal_to"),
    ("churners", -1, "greater_than_or_equal_to"),
    ("auc", 1.01, "in_range"),
    ("average_precision", -0.01, "in_range"),
    ("log_loss", -0.01, "greater_than_or_equal_to"),
    ("log_loss", float("inf"), "less_than"),
    ("brier", 1.01, "in_range"),
    ("ece", 1.01, "in_range"),
    ("lift_10", -0.01, "greater_than_or_equal_to"),
    ("lift_10", float("nan"), "finite_or_null"),
    ("matures_at", datetime(2025, 6, 3), "matured_when_measured"),
    ("matures_at", datetime(2025, 5, 5), "matures_after_the_snapshot"),
    ("churners", 101, "churners_are_users"),
    ("auc", None, "metrics_exactly_when_both_outcomes_occurred"),
    ("churners", 100, "metrics_exactly_when_both_outcomes_occurred"),
    ("churners", 0, "metrics_exactly_when_both_outcomes_occurred"),
]


def broken_rules(frame: pl.DataFrame) -> set[str]:
    with pytest.raises(SchemaErrors) as caught:
        ModelPerformance.validate(frame, lazy=True)
    return {check.split("(")[0] for check in caught.value.failure_cases.get_column("check")}


def test_good_rows_pass() -> None:
    ModelPerformance.validate(GOOD, lazy=True)


@pytest.mark.parametrize(("column", "value", "rule"), BAD)
def test_a_bad_row_names_its_rule(column: str, value: object, rule: str) -> None:
    bad = pl.lit(value, GOOD.schema[column])

    frame = GOOD.with_columns(pl.when(pl.col("population") == "all").then(bad).otherwise(column).alias(column))

    assert rule in broken_rules(frame)


@pytest.mark.parametrize("metric", METRICS)
def test_nan_is_no_metric(metric: str) -> None:
    assert "finite_or_null" in broken_rules(GOOD.with_columns(pl.lit(float("nan")).alias(metric)))


def test_columns_are_fixed() -> None:
    assert "column_in_schema" in broken_rules(GOOD.with_columns(ks=pl.lit(1.0)))
    assert "column_in_dataframe" in broken_rules(GOOD.drop("brier"))
    assert "column_ordered" in broken_rules(GOOD.select(reversed(GOOD.columns)))


def test_every_rule_of_the_table_has_a_bad_row() -> None:
    table_rules = {check.name for check in ModelPerformance.to_schema().checks}

    assert table_rules <= {rule for _, _, rule in BAD}
