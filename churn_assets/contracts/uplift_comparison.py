"""Contract of effects.uplift_comparison: one row per treatment, metric and fifth of users by predicted effect."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandera.polars as pa
import polars as pl

if TYPE_CHECKING:
    from pandera.polars import PolarsData

METRICS = ("retained", "margin_amount")
EVERYBODY = 0
FIFTHS = 5
PROBABILITY = {"min_value": 0, "max_value": 1}


class UpliftComparison(pa.DataFrameModel):
    """Whether effects differ between users, and whether those said to gain most do.

    `fifth`: 0 everybody, 1 to 5 by the effect predicted by a line that has not seen the user, 5 the highest.
    `differs_p_value`: that all users have the same effect, by the line over all. Effects: a share of users, or currency
    of orders.amount per user. Where nobody can be ranked there is a row of everybody alone, and `note` says why.
    """

    treatment: str = pa.Field(str_length={"min_value": 1})
    metric: str = pa.Field(isin=METRICS)
    fifth: int = pa.Field(ge=EVERYBODY, le=FIFTHS)
    users: int = pa.Field(ge=0)
    control_users: int = pa.Field(ge=0)
    predicted_effect: float = pa.Field(nullable=True)
    effect: float = pa.Field(nullable=True)
    effect_low: float = pa.Field(nullable=True)
    effect_high: float = pa.Field(nullable=True)
    differs_p_value: float = pa.Field(in_range=PROBABILITY, nullable=True)
    is_proven_to_differ: bool
    snapshot_date: pl.Date
    note: str = pa.Field(nullable=True)

    class Config:
        strict = True
        ordered = True
        unique = ("treatment", "metric", "fifth", "snapshot_date")

    @pa.check("predicted_effect|effect|effect_low|effect_high", regex=True)
    @classmethod
    def finite_or_null(cls, data: PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select(pl.col(data.key).is_finite() | pl.col(data.key).is_null())

    @pa.dataframe_check
    @classmethod
    def note_whenever_there_is_no_interval_or_prediction(cls, data: PolarsData) -> pl.LazyFrame:
        is_whole = pl.all_horizontal(pl.col("predicted_effect", "effect_low").is_not_null())
        return data.lazyframe.select(is_whole | pl.col("note").is_not_null())
