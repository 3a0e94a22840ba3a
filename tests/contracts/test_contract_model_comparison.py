from __future__ import annotations

from datetime import date

import polars as pl
import pytest
from pandera.errors import SchemaErrors

from churn_assets.contracts.model_comparison import ModelComparison
from churn_assets.model.comparison import COMPARISON_SCHEMA

GOOD = pl.DataFrame(
    [
        {
            "snapshot_date": date(2026, 2, 2), "model": model, "slice_date": date(2026, 1, 5),
            "rows": 900, "churners": 90,
            "auc": auc, "auc_low": auc - 0.02, "auc_high": auc + 0.02, "average_precision": 0.4,
            "average_precision_low": 0.35, "average_precision_high": 0.45, "log_loss": 0.3, "brier": 0.08, "ece": 0.02,
            "log_loss_calibrated": 0.29, "ece_calibrated": 0.01, "lift_5": 4.0, "lift_10": 3.0, "lift_20": 2.0,
            "is_shipped": model == "catboost",
        }
        for model, auc in (("catboost", 0.85), ("logistic_rfm", 0.84), ("recency", 0.8))
    ],
    schema=COMPARISON_SCHEMA,
)  # fmt: skip
FIRST = pl.col("model") == "catboost"
SHARES = [name for name in GOOD.columns if name.startswith(("auc", "average_precision", "brier", "ece"))]
BAD = [
    *((GOOD.with_columns(pl.when(FIRST).then(1.01).otherwise(name).alias(name)), "in_range(0, 1)") for name in SHARES),
    *(
        (GOOD.with_columns(pl.when(FIRST).then(float("inf")).otherwise(name).alias(name)), "in_range(0, inf)")
        for name in ("log_loss", "log_loss_calibrated", "lift_5", "lift_10", "lift_20")
    ),
    (GOOD.with_columns(model=pl.lit("recency")), "field_uniqueness"),
    (GOOD.with_columns(model=pl.when(FIRST).then(pl.lit("forest")).otherwise("model")), "isin"),
    (GOOD.with_columns(churners=pl.lit(0, dtype=pl.Int64)), "greater_than_or_equal_to(1)"),
    (GOOD.with_columns(churners=pl.col("rows")), "both_outcomes_occurred"),
    (GOOD.with_columns(rows=pl.when(FIRST).then(pl.lit(901)).otherwise("rows").cast(pl.Int64)), "one_test_for_all"),
    (GOOD.with_columns(slice_date=pl.col("snapshot_date")), "slice_before_the_snapshot"),
    (GOOD.with_columns(auc_low=pl.col("auc_high"), auc_high=pl.col("auc_low")), "intervals_are_ordered"),
    (GOOD.with_columns(average_precision_low=pl.lit(0.46)), "intervals_are_ordered"),
    (GOOD.with_columns(is_shipped=pl.lit(value=True)), "exactly_one_is_shipped"),
    (GOOD.with_columns(is_shipped=pl.lit(value=False)), "exactly_one_is_shipped"),
    (GOOD.select(reversed(GOOD.columns)), "column_ordered"),
    (GOOD.with_columns(fit_seconds=pl.lit(1.0)), "column_in_schema"),
]


def test_good_and_empty_frames_pass() -> None:
    ModelComparison.validate(GOOD, lazy=True)
    ModelComparison.validate(GOOD.clear(), lazy=True)


@pytest.mark.parametrize(("frame", "rule"), BAD)
def test_the_broken_rule_is_named(frame: pl.DataFrame, rule: str) -> None:
    with pytest.raises(SchemaErrors) as caught:
        ModelComparison.validate(frame, lazy=True)
    assert any(check.startswith(rule) for check in caught.value.failure_cases["check"])


def test_every_rule_of_the_table_has_a_bad_row() -> None:
    assert {check.name for check in ModelComparison.to_schema().checks} <= {rule for _, rule in BAD}
