"""Contract of effects.early_signals: one row per treatment and early signal, read at one snapshot."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandera.polars as pa
import polars as pl

if TYPE_CHECKING:
    from pandera.polars import PolarsData

SIGNALS = ("visited", "carted", "clicked")
FINITE = {"min_value": float("-inf"), "max_value": float("inf"), "include_min": False, "include_max": False}


class EarlySignals(pa.DataFrameModel):
    """Effects on the share of users who visit, put something into the cart or click within `early_days`, against the
    effect on `retained` that shows when the window closes.

    `slope`: points of retention per point of the signal, over `campaigns` whose windows have closed. `is_used`: whether
    its interval lies above zero, so that the signal of a younger campaign may stand for what is not known yet.
    `early_effect`: of campaigns whose windows are open, `users` of both sides; `predicted_effect`: slope times that.
    """

    treatment: str = pa.Field(str_length={"min_value": 1})
    signal: str = pa.Field(isin=SIGNALS)
    snapshot_date: pl.Date
    early_days: int = pa.Field(ge=1)
    campaigns: int = pa.Field(ge=0)
    slope: float = pa.Field(in_range=FINITE, nullable=True)
    slope_low: float = pa.Field(in_range=FINITE, nullable=True)
    slope_high: float = pa.Field(in_range=FINITE, nullable=True)
    is_used: bool
    users: int = pa.Field(ge=0)
    early_effect: float = pa.Field(in_range=FINITE, nullable=True)
    predicted_effect: float = pa.Field(in_range=FINITE, nullable=True)
    predicted_low: float = pa.Field(in_range=FINITE, nullable=True)
    predicted_high: float = pa.Field(in_range=FINITE, nullable=True)
    note: str = pa.Field(str_length={"min_value": 1})

    class Config:
        strict = True
        ordered = True
        unique = ("treatment", "signal", "snapshot_date")

    @pa.dataframe_check
    @classmethod
    def used_only_where_it_predicts(cls, data: PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select(pl.col("is_used") == (pl.col("slope_low") > 0).fill_null(value=False))

    @pa.dataframe_check
    @classmethod
    def predicts_only_where_it_is_used(cls, data: PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select(pl.col("predicted_effect").is_null() | pl.col("is_used"))
