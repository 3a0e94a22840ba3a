"""Contract of scoring.user_reasons: one row per eligible user of one snapshot and reason rank, at most three."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandera.polars as pa
import polars as pl

from churn_assets.contracts.feature import REASON_GROUPS

if TYPE_CHECKING:
    from pandera.polars import PolarsData


class UserReasons(pa.DataFrameModel):
    """contribution: log-odds the group adds for this user; feature: the strongest in it, its value null if unknown."""

    user_id: str = pa.Field(str_length={"min_value": 1})
    snapshot_date: pl.Date
    reason_rank: int = pa.Field(in_range={"min_value": 1, "max_value": 3})
    reason_group: str = pa.Field(isin=REASON_GROUPS)
    feature: str = pa.Field(str_length={"min_value": 1})
    feature_value: float = pa.Field(nullable=True)
    contribution: float = pa.Field(gt=0, lt=float("inf"))
    is_actionable: bool

    class Config:
        strict = True
        ordered = True
        unique = ("user_id", "reason_rank")

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
    def a_group_is_named_once_per_user(cls, data: PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select(pl.struct("user_id", "reason_group").is_unique())

    @pa.dataframe_check
    @classmethod
    def ranks_leave_no_gap(cls, data: PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select(pl.col("reason_rank").max().over("user_id") == pl.len().over("user_id"))

    @pa.dataframe_check
    @classmethod
    def stronger_reasons_rank_first(cls, data: PolarsData) -> pl.LazyFrame:
        step = pl.col("contribution").diff().over("user_id")
        return data.lazyframe.sort("user_id", "reason_rank").select(step.fill_null(0) <= 0)
