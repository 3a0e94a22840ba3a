"""Contract of monitoring.reason_summaries: one row per snapshot, kind, reason group, dimension and segment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pandera.polars as pa
import polars as pl

from churn_assets.contracts.feature import REASON_GROUPS
from churn_assets.contracts.user_reasons import KINDS

if TYPE_CHECKING:
    from pandera.polars import PolarsData

DIMENSIONS: Final = ("all", "risk_tier", "tenure", "city_tier")
ROUNDING = 1e-9


class ReasonSummaries(pa.DataFrameModel):
    """Eligible users of the segment for whom the group is among the first three reasons of its kind.

    share: of the segment's eligible users; contribution: log-odds, summed over these users; value_at_risk_amount:
    theirs, in the currency of orders.amount. A user has several reasons, so figures of different reasons do not add up.
    """

    snapshot_date: pl.Date
    kind: str = pa.Field(isin=KINDS)
    reason_group: str = pa.Field(isin=REASON_GROUPS)
    dimension: str = pa.Field(isin=DIMENSIONS)
    segment: str = pa.Field(str_length={"min_value": 1})
    users: int = pa.Field(ge=1)
    segment_users: int = pa.Field(ge=1)
    share: float = pa.Field(gt=0, le=1)
    contribution: float = pa.Field(gt=0, lt=float("inf"))
    value_at_risk_amount: float = pa.Field(ge=0, lt=float("inf"))

    class Config:
        strict = True
        ordered = True
        unique = ("kind", "reason_group", "dimension", "segment")

    @pa.dataframe_check
    @classmethod
    def one_snapshot(cls, data: PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select(pl.col("snapshot_date") == pl.col("snapshot_date").min())

    @pa.dataframe_check
    @classmethod
    def share_is_users_of_the_segment(cls, data: PolarsData) -> pl.LazyFrame:
        expected_share = pl.col("users") / pl.col("segment_users")
        return data.lazyframe.select((pl.col("share") - expected_share).abs() < ROUNDING)

    @pa.dataframe_check
    @classmethod
    def every_dimension_has_all_users(cls, data: PolarsData) -> pl.LazyFrame:
        """Each splits the same users, so the users of a reason add up to the same number in each."""
        reason = ("kind", "reason_group")
        users = pl.col("users").sum().over(*reason, "dimension")
        return data.lazyframe.select(users == users.max().over(reason))
