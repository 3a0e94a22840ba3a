"""Contract of interventions.recommended_items: one row per user, snapshot and item rank, three at most per source."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pandera.polars as pa
import polars as pl

if TYPE_CHECKING:
    from pandera.polars import PolarsData

SOURCES: Final = ("viewed", "bought_together", "bought_before", "popular")
PER_SOURCE: Final = 3


class RecommendedItems(pa.DataFrameModel):
    """source: why it is recommended: the user looked at it, users with the same purchases bought it, the user has
    bought it again and again, or many users did. name: null where the shop gives none; then no text can name it.
    """

    user_id: str = pa.Field(str_length={"min_value": 1})
    snapshot_date: pl.Date
    item_rank: int = pa.Field(in_range={"min_value": 1, "max_value": PER_SOURCE * len(SOURCES)})
    product_id: str = pa.Field(str_length={"min_value": 1})
    source: str = pa.Field(isin=SOURCES)
    name: str = pa.Field(str_length={"min_value": 1, "max_value": 120}, nullable=True)
    url: str = pa.Field(str_matches=r"^https?://", nullable=True)
    image_url: str = pa.Field(str_matches=r"^https?://", nullable=True)

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
    def sources_give_few_items_each(cls, data: PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select(pl.len().over("user_id", "source") <= PER_SOURCE)

    @pa.dataframe_check
    @classmethod
    def ranks_leave_no_gap(cls, data: PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select(pl.col("item_rank").max().over("user_id") == pl.len().over("user_id"))
