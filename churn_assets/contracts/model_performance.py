"""Contract of monitoring.model_performance: one row per scored snapshot and population, once labels matured."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import pandera.polars as pa
import polars as pl

if TYPE_CHECKING:
    from pandera.polars import PolarsData

POPULATIONS = ("all", "untreated")
METRICS = ("auc", "average_precision", "log_loss", "brier", "ece", "lift_10")
SHARE = {"min_value": 0, "max_value": 1}


class ModelPerformance(pa.DataFrameModel):
    """Metrics are null exactly when only one outcome occurred, since then nothing can be ranked."""

    snapshot_date: pl.Date
    matures_at: Annotated[pl.Datetime, "us", None]
    measured_at: Annotated[pl.Datetime, "us", None]
    model_version: str = pa.Field(str_length={"min_value": 1})
    population: str = pa.Field(isin=POPULATIONS)
    users: int = pa.Field(ge=0)
    churners: int = pa.Field(ge=0)
    auc: float = pa.Field(in_range=SHARE, nullable=True)
    average_precision: float = pa.Field(in_range=SHARE, nullable=True)
    log_loss: float = pa.Field(ge=0, lt=float("inf"), nullable=True)
    brier: float = pa.Field(in_range=SHARE, nullable=True)
    ece: float = pa.Field(in_range=SHARE, nullable=True)
    lift_10: float = pa.Field(ge=0, lt=float("inf"), nullable=True)

    class Config:
        strict = True
        ordered = True
        unique = ("snapshot_date", "population", "measured_at")

    @pa.check("|".join(METRICS), regex=True)
    @classmethod
    def finite_or_null(cls, data: PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select(pl.col(data.key).is_finite() | pl.col(data.key).is_null())

    @pa.dataframe_check
    @classmethod
    def matured_when_measured(cls, data: PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select(pl.col("matures_at") <= pl.col("measured_at"))

    @pa.dataframe_check
    @classmethod
    def matures_after_the_snapshot(cls, data: PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select(pl.col("matures_at") > pl.col("snapshot_date").cast(pl.Datetime("us")))

    @pa.dataframe_check
    @classmethod
    def churners_are_users(cls, data: PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select(pl.col("churners") <= pl.col("users"))

    @pa.dataframe_check
    @classmethod
    def metrics_exactly_when_both_outcomes_occurred(cls, data: PolarsData) -> pl.LazyFrame:
        has_both = (pl.col("churners") > 0) & (pl.col("churners") < pl.col("users"))
        return data.lazyframe.select(pl.all_horizontal(pl.col(METRICS).is_not_null() == has_both))
