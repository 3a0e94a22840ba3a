"""Contract of effects.arm_effects: one row per treatment, dimension, segment and metric, read at one snapshot."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandera.polars as pa
import polars as pl

from churn_assets.contracts.interval import WithInterval

if TYPE_CHECKING:
    from pandera.polars import PolarsData

ALL = "all"
DIMENSIONS = (ALL, "week", "reason", "risk_tier")
PROBABILITY = {"min_value": 0, "max_value": 1}
VERDICTS = ("better", "worse", "not proven", "unknown")


class ArmEffects(WithInterval):
    """Means and effects: a share of users, a number or an amount (currency of orders.amount) per user and window.

    `treatment`: the arm with its level, as in campaigns. `campaigns`: those read; `weeks`: days on which users were
    assigned. `mean` less `control_mean` is the difference as it was; `effect` is that less what was there before the
    assignment. `adjusted_p_value`: over all rows of a dimension (Benjamini and Hochberg). `verdict`: by that.
    """

    treatment: str = pa.Field(str_length={"min_value": 1})
    dimension: str = pa.Field(isin=DIMENSIONS)
    segment: str = pa.Field(str_length={"min_value": 1})
    metric: str = pa.Field(str_length={"min_value": 1})
    window_days: int = pa.Field(ge=1)
    campaigns: int = pa.Field(ge=0)
    weeks: int = pa.Field(ge=0)
    users: int = pa.Field(ge=0)
    control_users: int = pa.Field(ge=0)
    mean: float = pa.Field(nullable=True)
    control_mean: float = pa.Field(nullable=True)
    effect: float = pa.Field(nullable=True)
    effect_error: float = pa.Field(nullable=True, gt=0)
    effect_low: float = pa.Field(nullable=True)
    effect_high: float = pa.Field(nullable=True)
    p_value: float = pa.Field(in_range=PROBABILITY, nullable=True)
    adjusted_p_value: float = pa.Field(in_range=PROBABILITY, nullable=True)
    variance_saved_share: float = pa.Field(le=1, nullable=True)
    verdict: str = pa.Field(isin=VERDICTS)
    snapshot_date: pl.Date
    note: str = pa.Field(nullable=True)

    class Config:
        strict = True
        ordered = True
        unique = ("treatment", "dimension", "segment", "metric", "snapshot_date")

    @pa.check("mean|control_mean|effect|effect_error|effect_low|effect_high|p_value|variance_saved_share", regex=True)
    @classmethod
    def finite_or_null(cls, data: PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select(pl.col(data.key).is_finite() | pl.col(data.key).is_null())

    @pa.dataframe_check
    @classmethod
    def error_and_adjusted_p_value_with_the_interval(cls, data: PolarsData) -> pl.LazyFrame:
        has_interval = pl.col("effect_low").is_not_null()
        others = pl.col("effect_error", "adjusted_p_value").is_not_null()
        return data.lazyframe.select(pl.all_horizontal(others == has_interval))

    @pa.dataframe_check
    @classmethod
    def unknown_exactly_without_an_interval(cls, data: PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select((pl.col("verdict") == "unknown") == pl.col("effect_low").is_null())
