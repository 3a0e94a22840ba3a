"""Contract of effects.experiment_readout: one row per campaign, arm and metric, read at one snapshot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import pandera.polars as pa
import polars as pl

from churn_assets.contracts.interval import WithInterval

if TYPE_CHECKING:
    from pandera.polars import PolarsData

CONTROL_ARMS = ("control", "none")
METRICS = ("retained", "spent_amount")
SAMPLE_RATIO_THRESHOLD = 0.001
PROBABILITY = {"min_value": 0, "max_value": 1}


class ExperimentReadout(WithInterval):
    """Means and effects: a share for `retained`, the currency of orders.amount per user for `spent_amount`."""

    campaign: str = pa.Field(str_length={"min_value": 1})
    arm: str = pa.Field(notin=CONTROL_ARMS)
    control_arm: str = pa.Field(isin=CONTROL_ARMS)
    window_days: int = pa.Field(ge=1)
    metric: str = pa.Field(isin=METRICS)
    users: int = pa.Field(ge=0)
    control_users: int = pa.Field(ge=0)
    mean: float = pa.Field(nullable=True)
    control_mean: float = pa.Field(nullable=True)
    effect: float = pa.Field(nullable=True)
    effect_low: float = pa.Field(nullable=True)
    effect_high: float = pa.Field(nullable=True)
    p_value: float = pa.Field(in_range=PROBABILITY, nullable=True)
    sample_ratio_p_value: float = pa.Field(in_range=PROBABILITY, nullable=True)
    is_sample_ratio_ok: bool = pa.Field(nullable=True)
    is_matured: bool
    snapshot_date: pl.Date
    matures_at: Annotated[pl.Datetime, "us", None]
    note: str = pa.Field(nullable=True)

    class Config:
        strict = True
        ordered = True
        unique = ("campaign", "arm", "metric", "snapshot_date")

    @pa.check("mean|control_mean|effect|effect_low|effect_high|p_value|sample_ratio_p_value", regex=True)
    @classmethod
    def finite_or_null(cls, data: PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select(pl.col(data.key).is_finite() | pl.col(data.key).is_null())

    @pa.dataframe_check
    @classmethod
    def matured_by_the_snapshot(cls, data: PolarsData) -> pl.LazyFrame:
        closed = pl.col("matures_at") <= pl.col("snapshot_date").cast(pl.Datetime("us"))
        return data.lazyframe.select(pl.col("is_matured") == closed)

    @pa.dataframe_check
    @classmethod
    def no_effect_before_maturity(cls, data: PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select(
            pl.col("is_matured") | pl.all_horizontal(pl.col("mean", "control_mean", "effect", "p_value").is_null())
        )

    @pa.dataframe_check
    @classmethod
    def effect_is_the_difference_of_means(cls, data: PolarsData) -> pl.LazyFrame:
        difference = pl.col("mean") - pl.col("control_mean")
        return data.lazyframe.select(pl.col("effect").eq_missing(difference))

    @pa.dataframe_check
    @classmethod
    def sample_ratio_verdict_follows_its_p_value(cls, data: PolarsData) -> pl.LazyFrame:
        verdict = pl.col("sample_ratio_p_value") >= SAMPLE_RATIO_THRESHOLD
        return data.lazyframe.select(pl.col("is_sample_ratio_ok").eq_missing(verdict))

    @pa.dataframe_check
    @classmethod
    def retained_is_a_share(cls, data: PolarsData) -> pl.LazyFrame:
        shares = pl.all_horizontal(pl.col("mean", "control_mean").is_between(0, 1).fill_null(value=True))
        return data.lazyframe.select((pl.col("metric") != "retained") | shares)
