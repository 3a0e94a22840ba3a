from __future__ import annotations

from datetime import date, datetime

import polars as pl
import pytest
from pandera.errors import SchemaErrors

from churn_assets.contracts.training_set import TrainingSet

GOOD = pl.DataFrame(
    {
        "user_id": ["a", "b"],
        "snapshot_date": [date(2026, 1, 5)] * 2,
        "matures_at": [datetime(2026, 2, 2)] * 2,
        "is_churned": [True, False],
        "recency_days": [3, 90],
        "orders_count": [1, 2],
        "spent_amount": [10.0, 0.0],
        "tenure_days": [3.5, 400.0],
        "rating_mean": [None, 4.5],
        "has_app": [True, None],
    }
)
BAD = [
    (GOOD.with_columns(user_id=pl.lit("")), "str_length(1, None)"),
    (GOOD.with_columns(user_id=pl.lit("a")), "multiple_fields_uniqueness"),
    (GOOD.with_columns(is_churned=pl.lit(None, dtype=pl.Boolean)), "not_nullable"),
    (GOOD.with_columns(matures_at=pl.col("snapshot_date").cast(pl.Datetime("us"))), "matures_after_the_snapshot"),
    (GOOD.with_columns(recency_days=pl.lit(-1)), "rfm_columns_are_known"),
    (GOOD.with_columns(spent_amount=pl.lit(None, dtype=pl.Float64)), "rfm_columns_are_known"),
    (GOOD.drop("tenure_days"), "rfm_columns_are_known"),
    (GOOD.with_columns(segment=pl.lit("gold")), "features_are_numeric"),
    (GOOD.with_columns(rating_mean=pl.lit(float("inf"))), "features_are_finite_or_null"),
    (GOOD.with_columns(rating_mean=pl.lit(float("nan"))), "features_are_finite_or_null"),
    (GOOD.drop("matures_at"), "column_in_dataframe"),
]


def test_good_and_empty_frames_pass_unchanged() -> None:
    assert TrainingSet.validate(GOOD, lazy=True).equals(GOOD)
    TrainingSet.validate(GOOD.clear(), lazy=True)


@pytest.mark.parametrize(("frame", "rule"), BAD)
def test_the_broken_rule_is_named(frame: pl.DataFrame, rule: str) -> None:
    with pytest.raises(SchemaErrors) as caught:
        TrainingSet.validate(frame, lazy=True)
    assert rule in caught.value.failure_cases["check"].to_list()


def test_every_rule_of_the_table_has_a_bad_row() -> None:
    assert {check.name for check in TrainingSet.to_schema().checks} <= {rule for _, rule in BAD}
