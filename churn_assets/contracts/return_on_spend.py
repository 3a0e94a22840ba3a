"""Contract of effects.return_on_spend: one row per treatment and campaign, and one of all together, at one snapshot."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandera.polars as pa
import polars as pl

from churn_assets.contracts.arm_effects import ALL

if TYPE_CHECKING:
    from pandera.polars import PolarsData

__all__ = ["ALL", "ReturnOnSpend"]


class ReturnOnSpend(pa.DataFrameModel):
    """`campaign`: its name, or all. `spend_amount`: what the treated users took more than those left alone, in messages
    and redeemed coupons; `brought_amount`: margin before both that they brought more; currency of orders.amount.
    `return_*`: brought per spent, with its 95 % interval; above 1 it pays. Null where nothing was spent or there is no
    interval; `note` says why.
    """

    treatment: str = pa.Field(str_length={"min_value": 1})
    campaign: str = pa.Field(str_length={"min_value": 1})
    users: int = pa.Field(ge=0)
    control_users: int = pa.Field(ge=0)
    spend_amount: float = pa.Field(nullable=True)
    brought_amount: float = pa.Field(nullable=True)
    return_ratio: float = pa.Field(nullable=True)
    return_low: float = pa.Field(nullable=True)
    return_high: float = pa.Field(nullable=True)
    snapshot_date: pl.Date
    note: str = pa.Field(nullable=True)

    class Config:
        strict = True
        ordered = True
        unique = ("treatment", "campaign", "snapshot_date")

    @pa.dataframe_check
    @classmethod
    def interval_holds_the_return(cls, data: PolarsData) -> pl.LazyFrame:
        low, ratio, high = (pl.col(f"return_{name}") for name in ("low", "ratio", "high"))
        return data.lazyframe.select(((low <= ratio) & (ratio <= high)).fill_null(value=True))

    @pa.dataframe_check
    @classmethod
    def a_note_where_there_is_no_return(cls, data: PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select(pl.col("return_ratio").is_not_null() | pl.col("note").is_not_null())
