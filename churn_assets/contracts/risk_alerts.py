"""Contract of monitoring.risk_alerts: what has grown worse since the snapshot before, one row per user or group."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pandera.polars as pa
import polars as pl

if TYPE_CHECKING:
    from pandera.polars import PolarsData

# A user whose risk jumped, a segment that churns more, a reason that more of the users with an alarm have.
KINDS: Final = ("user", "segment", "reason")


class RiskAlerts(pa.DataFrameModel):
    """`subject`: user_id, segment or reason group. `before`, `now`: of a user and a segment the (mean) churn
    probability, of a reason its share of the users with an alarm. `users`: of the segment or with the reason now.
    `value_at_risk_amount`: theirs now, in the currency of orders.amount.
    """

    snapshot_date: pl.Date
    before_date: pl.Date
    kind: str = pa.Field(isin=KINDS)
    subject: str = pa.Field(str_length={"min_value": 1})
    before: float = pa.Field(in_range={"min_value": 0, "max_value": 1})
    now: float = pa.Field(in_range={"min_value": 0, "max_value": 1})
    users: int = pa.Field(ge=1)
    value_at_risk_amount: float = pa.Field(ge=0, lt=float("inf"))

    class Config:
        strict = True
        ordered = True
        unique = ("snapshot_date", "kind", "subject")

    @pa.dataframe_check
    @classmethod
    def has_grown_worse(cls, data: PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select(pl.col("now") > pl.col("before"))

    @pa.dataframe_check
    @classmethod
    def compared_with_an_earlier_snapshot(cls, data: PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select(pl.col("before_date") < pl.col("snapshot_date"))
