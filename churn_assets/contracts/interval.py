"""Rules that every table of effects keeps: an interval holds its effect, and where there is none it is said why."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandera.polars as pa
import polars as pl

if TYPE_CHECKING:
    from pandera.polars import PolarsData


class WithInterval(pa.DataFrameModel):
    """For tables with effect, effect_low, effect_high, p_value and note."""

    @pa.dataframe_check
    @classmethod
    def interval_holds_the_effect(cls, data: PolarsData) -> pl.LazyFrame:
        is_inside = pl.col("effect").is_between("effect_low", "effect_high")
        bounds = pl.col("effect_low", "effect_high", "p_value")
        return data.lazyframe.select(
            pl.all_horizontal(bounds.is_null()) | (pl.all_horizontal(bounds.is_not_null()) & is_inside)
        )

    @pa.dataframe_check
    @classmethod
    def note_whenever_there_is_no_interval(cls, data: PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select(pl.col("note").is_not_null() | pl.col("effect_low").is_not_null())
