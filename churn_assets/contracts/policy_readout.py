"""Contract of effects.policy_readout: one row per side that the policy in use is compared with and metric."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandera.polars as pa
import polars as pl

from churn_assets.contracts.interval import WithInterval
from churn_assets.contracts.policy_sides import BY_USUAL, HOLDOUT

if TYPE_CHECKING:
    from pandera.polars import PolarsData

BY_CHANCE = "random"
AGAINST = (HOLDOUT, BY_CHANCE, BY_USUAL)
VERDICTS = ("better", "worse", "not proven", "unknown")
PROBABILITY = {"min_value": 0, "max_value": 1}


class PolicyReadout(WithInterval):
    """What the plans did as they were made, against three sides, over all weeks whose windows have closed.

    `against`: holdout (nothing), usual (business as usual) or random (one of the legal options, or none, by chance).
    Means and effects per user and window, of users for whom a plan intended something; against random, of users who
    were given an option by chance. `weeks`: snapshots. The always-valid interval may be read every week; `verdict`: by
    that.
    """

    against: str = pa.Field(isin=AGAINST)
    metric: str = pa.Field(str_length={"min_value": 1})
    window_days: int = pa.Field(ge=1)
    weeks: int = pa.Field(ge=1)
    users: int = pa.Field(ge=0)
    against_users: int = pa.Field(ge=0)
    mean: float = pa.Field(nullable=True)
    against_mean: float = pa.Field(nullable=True)
    effect: float = pa.Field(nullable=True)
    effect_low: float = pa.Field(nullable=True)
    effect_high: float = pa.Field(nullable=True)
    p_value: float = pa.Field(in_range=PROBABILITY, nullable=True)
    always_valid_low: float = pa.Field(nullable=True)
    always_valid_high: float = pa.Field(nullable=True)
    verdict: str = pa.Field(isin=VERDICTS)
    snapshot_date: pl.Date
    note: str = pa.Field(nullable=True)

    class Config:
        strict = True
        ordered = True
        unique = ("against", "metric", "snapshot_date")

    @pa.check("mean|effect|always", regex=True)
    @classmethod
    def finite_or_null(cls, data: PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select(pl.col(data.key).is_finite() | pl.col(data.key).is_null())

    @pa.dataframe_check
    @classmethod
    def always_valid_is_wider(cls, data: PolarsData) -> pl.LazyFrame:
        is_wider = (pl.col("always_valid_low") <= pl.col("effect_low")) & (
            pl.col("always_valid_high") >= pl.col("effect_high")
        )
        return data.lazyframe.select(is_wider.fill_null(value=True))

    @pa.dataframe_check
    @classmethod
    def unknown_exactly_without_an_interval(cls, data: PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select((pl.col("verdict") == "unknown") == pl.col("effect_low").is_null())
