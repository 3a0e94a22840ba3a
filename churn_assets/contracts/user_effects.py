"""Contract of effects.user_effects: one row per eligible user and treatment of the catalogue that has been measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandera.polars as pa
import polars as pl

if TYPE_CHECKING:
    from pandera.polars import PolarsData


class UserEffects(pa.DataFrameModel):
    """Expected effect of one treatment on one user over one window, with its lower bound (90 of 100 are above it).

    `retained_*`: a share; `margin_*`: currency of orders.amount, after redeemed coupons and contacts. `margin_error`:
    of the average effect of the treatment, by which the plan weighs it. `is_average`: effects are not proven to differ
    between users, so each has the average one.
    """

    user_id: str = pa.Field(str_length={"min_value": 1})
    treatment: str = pa.Field(str_length={"min_value": 1})
    retained_effect: float
    retained_low: float
    margin_effect_amount: float
    margin_low_amount: float
    margin_error_amount: float = pa.Field(gt=0)
    is_average: bool
    snapshot_date: pl.Date

    class Config:
        strict = True
        ordered = True
        unique = ("user_id", "treatment", "snapshot_date")

    @pa.check("retained|margin", regex=True)
    @classmethod
    def finite(cls, data: PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select(pl.col(data.key).is_finite())

    @pa.dataframe_check
    @classmethod
    def bounds_are_below(cls, data: PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select(
            (pl.col("retained_low") <= pl.col("retained_effect"))
            & (pl.col("margin_low_amount") <= pl.col("margin_effect_amount"))
        )
