"""Contract of training.model_comparison: one row per snapshot and rival, tested on the newest matured slice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandera.polars as pa
import polars as pl

if TYPE_CHECKING:
    from pandera.polars import PolarsData

MODELS = ("catboost", "logistic", "logistic_rfm", "recency", "bg_nbd", "blend")
SHARE = {"min_value": 0, "max_value": 1}
FINITE = {"min_value": 0, "max_value": float("inf"), "include_max": False}


class ModelComparison(pa.DataFrameModel):
    """Metrics are raw, out of time; log-losses in nats, *_calibrated cross-fitted over users. Empty without a test."""

    snapshot_date: pl.Date
    model: str = pa.Field(unique=True, isin=MODELS)
    slice_date: pl.Date
    rows: int = pa.Field(ge=1)
    churners: int = pa.Field(ge=1)
    auc: float = pa.Field(in_range=SHARE)
    auc_low: float = pa.Field(in_range=SHARE)
    auc_high: float = pa.Field(in_range=SHARE)
    average_precision: float = pa.Field(in_range=SHARE)
    average_precision_low: float = pa.Field(in_range=SHARE)
    average_precision_high: float = pa.Field(in_range=SHARE)
    log_loss: float = pa.Field(in_range=FINITE)
    brier: float = pa.Field(in_range=SHARE)
    ece: float = pa.Field(in_range=SHARE)
    log_loss_calibrated: float = pa.Field(in_range=FINITE)
    ece_calibrated: float = pa.Field(in_range=SHARE)
    lift_5: float = pa.Field(in_range=FINITE)
    lift_10: float = pa.Field(in_range=FINITE)
    lift_20: float = pa.Field(in_range=FINITE)
    is_shipped: bool

    class Config:
        strict = True
        ordered = True

    @pa.dataframe_check
    @classmethod
    def one_test_for_all(cls, data: PolarsData) -> pl.LazyFrame:
        about = pl.struct("snapshot_date", "slice_date", "rows", "churners")
        return data.lazyframe.select(about == about.first())

    @pa.dataframe_check
    @classmethod
    def slice_before_the_snapshot(cls, data: PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select(pl.col("slice_date") < pl.col("snapshot_date"))

    @pa.dataframe_check
    @classmethod
    def both_outcomes_occurred(cls, data: PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select(pl.col("churners") < pl.col("rows"))

    @pa.dataframe_check
    @classmethod
    def intervals_are_ordered(cls, data: PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select(
            (pl.col("auc_low") <= pl.col("auc_high"))
            & (pl.col("average_precision_low") <= pl.col("average_precision_high"))
        )

    @pa.dataframe_check
    @classmethod
    def exactly_one_is_shipped(cls, data: PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select(pl.repeat(pl.col("is_shipped").sum() == 1, pl.len()))
