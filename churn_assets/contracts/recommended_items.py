"""Contract of recommended items: one row per user of one snapshot and item rank, at most three per user."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pandera.polars as pa
import polars as pl

if TYPE_CHECKING:
    from pandera.polars import PolarsData

SOURCES: Final = ("viewed", "bought_together", "popular")


class RecommendedItems(pa.DataFrameModel):
    """source: why the product is named: the user looked at it, users with the same purchases bought it, or many did."""

    user_id: str = pa.Field(str_length={"min_value": 1})
    snapshot_date: pl.Date
    item_rank: int = pa.Field(in_range={"min_value": 1, "max_value": 3})
    product_id: str = pa.Field(str_length={"min_value": 1})
    source: str = pa.Field(isin=SOURCES)

    class Config:
        strict = True
        ordered = True
        unique = ("user_id", "item_rank")

    @pa.dataframe_check
    @classmethod
    def one_snapshot(cls, data: PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select(pl.col("snapshot_date") == pl.col("snapshot_date").min())

    @pa.dataframe_check
    @classmethod
    def a_product_is_named_once_per_user(cls, data: PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select(pl.struct("user_id", "product_id").is_unique())

    @pa.dataframe_check
    @classmethod
    def ranks_leave_no_gap(cls, data: PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select(pl.col("item_rank").max().over("user_id") == pl.len().over("user_id"))
