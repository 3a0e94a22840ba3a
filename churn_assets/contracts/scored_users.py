"""Contract of scoring.scored_users: one row per user known at one snapshot, with a probability where one is allowed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import pandera.polars as pa
import polars as pl

from churn_assets.contracts.feature import NOTHING_SHOWN, REASON_GROUPS

if TYPE_CHECKING:
    from pandera.polars import PolarsData

STATUSES = ("eligible", "lapsed", "new", "objected")
RISK_TIERS = ("urgent", "watch", "small")
ALARMS = ("urgent", "watch")
IS_ELIGIBLE = pl.col("status") == "eligible"
SPEND_COLUMNS = ("expected_spend_amount", "expected_spend_low_amount", "expected_spend_high_amount")
RISK_COLUMNS = (
    "churn_probability",
    "usual_probability",
    "risk_rank",
    "risk_tier",
    *SPEND_COLUMNS,
    "value_at_risk_amount",
)
REASON_COLUMNS = ("reason_1", "reason_2", "reason_3")


class ScoredUsers(pa.DataFrameModel):
    """Amounts in the currency of orders.amount, net of returns; risk_rank 1 is the riskiest; scored_at is the
    snapshot at 00:00. usual_probability: that of a user who still buys in this one's rhythm. expected_spend_amount: in
    scoring.value_days, if the user is kept; 80 % of such users spend between low and high. value_at_risk_amount =
    churn_probability x expected_spend_amount. risk_tier: see docs/scientist.md, scores.
    """

    user_id: str = pa.Field(unique=True, str_length={"min_value": 1})
    snapshot_date: pl.Date
    status: str = pa.Field(isin=STATUSES)
    churn_probability: float = pa.Field(gt=0, lt=1, nullable=True)
    usual_probability: float = pa.Field(gt=0, lt=1, nullable=True)
    risk_rank: int = pa.Field(ge=1, nullable=True)
    risk_tier: str = pa.Field(isin=RISK_TIERS, nullable=True)
    expected_spend_amount: float = pa.Field(gt=0, lt=float("inf"), nullable=True)
    expected_spend_low_amount: float = pa.Field(ge=0, lt=float("inf"), nullable=True)
    expected_spend_high_amount: float = pa.Field(gt=0, lt=float("inf"), nullable=True)
    value_at_risk_amount: float = pa.Field(gt=0, lt=float("inf"), nullable=True)
    reason_1: str = pa.Field(isin=(NOTHING_SHOWN, *REASON_GROUPS), nullable=True)
    reason_2: str = pa.Field(isin=REASON_GROUPS, nullable=True)
    reason_3: str = pa.Field(isin=REASON_GROUPS, nullable=True)
    model_version: str = pa.Field(str_matches=r"^[0-9a-f]{12}$")
    features_version: str = pa.Field(str_length={"min_value": 1})
    scored_at: Annotated[pl.Datetime, "us", None]

    class Config:
        strict = True
        ordered = True

    @pa.dataframe_check
    @classmethod
    def one_snapshot(cls, data: PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select(pl.col("snapshot_date") == pl.col("snapshot_date").min())

    @pa.dataframe_check
    @classmethod
    def spend_lies_in_its_interval(cls, data: PolarsData) -> pl.LazyFrame:
        expected, low, high = (pl.col(name) for name in SPEND_COLUMNS)
        return data.lazyframe.select(((low <= expected) & (expected <= high)).fill_null(value=True))

    @pa.dataframe_check
    @classmethod
    def scored_at_the_snapshot(cls, data: PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select(pl.col("scored_at") == pl.col("snapshot_date").cast(pl.Datetime("us")))

    @pa.dataframe_check
    @classmethod
    def risk_exactly_when_eligible(cls, data: PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select(pl.all_horizontal(pl.col(RISK_COLUMNS).is_not_null() == IS_ELIGIBLE))

    @pa.dataframe_check
    @classmethod
    def reasons_only_when_eligible(cls, data: PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select(IS_ELIGIBLE | pl.all_horizontal(pl.col(REASON_COLUMNS).is_null()))

    @pa.dataframe_check
    @classmethod
    def reasons_differ_and_leave_no_gap(cls, data: PolarsData) -> pl.LazyFrame:
        first, second, third = (pl.col(name) for name in REASON_COLUMNS)
        gap = (first.is_null() & second.is_not_null()) | (second.is_null() & third.is_not_null())
        repeated = pl.any_horizontal(first == second, second == third, first == third).fill_null(value=False)
        return data.lazyframe.select(~(gap | repeated))

    @pa.dataframe_check
    @classmethod
    def ranks_count_from_one(cls, data: PolarsData) -> pl.LazyFrame:
        rank = pl.col("risk_rank")
        return data.lazyframe.select(rank.is_null() | (rank == rank.rank("ordinal")))

    @pa.dataframe_check
    @classmethod
    def riskier_users_rank_first(cls, data: PolarsData) -> pl.LazyFrame:
        by_rank = data.lazyframe.sort("risk_rank", nulls_last=True)
        step = pl.col("churn_probability").diff()
        return by_rank.select(step.fill_null(0) <= 0)

    @pa.dataframe_check
    @classmethod
    def alarms_hold_the_larger_losses(cls, data: PolarsData) -> pl.LazyFrame:
        loss, is_alarm = pl.col("value_at_risk_amount"), pl.col("risk_tier").is_in(ALARMS)
        return data.lazyframe.select((~is_alarm | (loss >= loss.filter(~is_alarm).max())).fill_null(value=True))

    @pa.dataframe_check
    @classmethod
    def urgent_risk_is_above_the_usual(cls, data: PolarsData) -> pl.LazyFrame:
        is_above = pl.col("churn_probability") >= pl.col("usual_probability")
        return data.lazyframe.select(((pl.col("risk_tier") != "urgent") | is_above).fill_null(value=True))
