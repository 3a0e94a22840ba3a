"""Contract of effects.program_effects: one row per metric, read at one snapshot."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandera.polars as pa
import polars as pl

from churn_assets.contracts.interval import WithInterval

if TYPE_CHECKING:
    from pandera.polars import PolarsData

PROBABILITY = {"min_value": 0, "max_value": 1}


class ProgramEffects(WithInterval):
    """Everybody decided about against the universal holdout, from each user's first decision until the snapshot.

    Means and effects per user: a share, a number, or an amount (currency of orders.amount). `retained`: bought within
    the horizon before the snapshot, of users who came in before that. `total`: effect times users. The always-valid
    interval may be read every week; the other one once.
    """

    metric: str = pa.Field(str_length={"min_value": 1})
    since_date: pl.Date
    weeks: int = pa.Field(ge=0)
    users: int = pa.Field(ge=0)
    holdout_users: int = pa.Field(ge=0)
    mean: float = pa.Field(nullable=True)
    holdout_mean: float = pa.Field(nullable=True)
    effect: float = pa.Field(nullable=True)
    effect_low: float = pa.Field(nullable=True)
    effect_high: float = pa.Field(nullable=True)
    p_value: float = pa.Field(in_range=PROBABILITY, nullable=True)
    always_valid_low: float = pa.Field(nullable=True)
    always_valid_high: float = pa.Field(nullable=True)
    total: float = pa.Field(nullable=True)
    total_low: float = pa.Field(nullable=True)
    total_high: float = pa.Field(nullable=True)
    variance_saved_share: float = pa.Field(le=1, nullable=True)
    snapshot_date: pl.Date
    note: str = pa.Field(nullable=True)

    class Config:
        strict = True
        ordered = True
        unique = ("metric", "snapshot_date")

    @pa.check("mean|effect|always|total", regex=True)
    @classmethod
    def finite_or_null(cls, data: PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select(pl.col(data.key).is_finite() | pl.col(data.key).is_null())

    @pa.dataframe_check
    @classmethod
    def always_valid_is_wider(cls, data: PolarsData) -> pl.LazyFrame:
        is_wider = (pl.col("always_valid_low") <= pl.col("effect_low")) & (
            pl.col("always_valid_high") >= pl.col("effect_high")
        )
        return data.lazyframe.select(pl.col("effect_low").is_null() | is_wider)
