"""Contract of monitoring.performance_estimates: one row per snapshot and metric, before any label has matured."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

import pandera.polars as pa
import polars as pl

if TYPE_CHECKING:
    from pandera.polars import PolarsData

METRICS: Final = ("auc", "brier", "log_loss", "churned_share", "urgent_tier_precision")
FINITE = {"min_value": 0, "max_value": float("inf"), "include_max": False}


class PerformanceEstimates(pa.DataFrameModel):
    """Estimate, without labels, of model_performance from `matures_at` on; valid if the probabilities are calibrated.

    `estimate` is the mean over drawn outcomes; the interval holds 95 % of outcomes drawn with what the relation of
    features and churn may have moved by since the newest labels. `season_is_known`: the same weeks of an earlier year
    are in the data; else the interval is as wide as seasons of other shops are. churned_share: of all eligible users;
    urgent_tier_precision: of those in tier urgent.
    """

    snapshot_date: pl.Date
    matures_at: Annotated[pl.Datetime, "us", None]
    model_version: str = pa.Field(str_matches=r"^[0-9a-f]{12}$")
    method: str = pa.Field(eq="confidence_based")
    metric: str = pa.Field(isin=METRICS)
    users: int = pa.Field(ge=1)
    estimate: float = pa.Field(in_range=FINITE)
    estimate_low: float = pa.Field(in_range=FINITE)
    estimate_high: float = pa.Field(in_range=FINITE)
    season_is_known: bool

    class Config:
        strict = True
        ordered = True
        unique = ("snapshot_date", "metric")

    @pa.dataframe_check
    @classmethod
    def intervals_are_ordered(cls, data: PolarsData) -> pl.LazyFrame:
        estimate = pl.col("estimate")
        return data.lazyframe.select((pl.col("estimate_low") <= estimate) & (estimate <= pl.col("estimate_high")))

    @pa.dataframe_check
    @classmethod
    def matures_after_the_snapshot(cls, data: PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select(pl.col("matures_at") > pl.col("snapshot_date").cast(pl.Datetime("us")))
