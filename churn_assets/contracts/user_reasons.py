"""Contract of scoring.user_reasons: one row per eligible user of one snapshot, kind and reason rank, at most three."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pandera.polars as pa
import polars as pl

from churn_assets.contracts.feature import REASON_GROUPS

if TYPE_CHECKING:
    from pandera.polars import PolarsData

KINDS: Final = ("actionable", "explanatory")
KEY = ("user_id", "kind")


class UserReasons(pa.DataFrameModel):
    """kind: whether the company can act on these features; reason_rank counts within it. contribution: log-odds that
    the features of group and kind add for this user; feature: the strongest of them, its value null if unknown.
    """

    user_id: str = pa.Field(str_length={"min_value": 1})
    snapshot_date: pl.Date
    kind: str = pa.Field(isin=KINDS)
    reason_rank: int = pa.Field(in_range={"min_value": 1, "max_value": 3})
    reason_group: str = pa.Field(isin=REASON_GROUPS)
    feature: str = pa.Field(str_length={"min_value": 1})
    feature_value: float = pa.Field(nullable=True)
    contribution: float = pa.Field(gt=0, lt=float("inf"))
    text_en: str = pa.Field(str_length={"min_value": 1})
    text_zh: str = pa.Field(str_length={"min_value": 1})

    class Config:
        strict = True
        ordered = True
        unique = (*KEY, "reason_rank")

    @pa.dataframe_check
    @classmethod
    def one_snapshot(cls, data: PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select(pl.col("snapshot_date") == pl.col("snapshot_date").min())

    @pa.dataframe_check
    @classmethod
    def feature_value_is_finite_or_null(cls, data: PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select(pl.col("feature_value").is_finite().fill_null(value=True))

    @pa.dataframe_check
    @classmethod
    def a_group_is_named_once_per_user_and_kind(cls, data: PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select(pl.struct(*KEY, "reason_group").is_unique())

    @pa.dataframe_check
    @classmethod
    def ranks_leave_no_gap(cls, data: PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select(pl.col("reason_rank").max().over(KEY) == pl.len().over(KEY))

    @pa.dataframe_check
    @classmethod
    def stronger_reasons_rank_first(cls, data: PolarsData) -> pl.LazyFrame:
        step = pl.col("contribution").diff().over(KEY)
        return data.lazyframe.sort(*KEY, "reason_rank").select(step.fill_null(0) <= 0)
