"""Contract of interventions.policy_promotions: one row per policy of one snapshot, which makes the plan and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import pandera.polars as pa
import polars as pl

from churn_assets.contracts.random_options import POLICIES

if TYPE_CHECKING:
    from pandera.polars import PolarsData

IN_USE, READY, NOT_PROVEN, TOO_FEW = "in use", "may be promoted", "not proven", "too few users"
STATUSES = (IN_USE, READY, NOT_PROVEN, TOO_FEW)
# Of the policy in use: by decisions.policy, by the gate at this snapshot, by the gate or a person before.
DECISIONS = ("set", "promoted", "kept", "by_person")
FINITE = {"min_value": float("-inf"), "max_value": float("inf"), "include_min": False, "include_max": False}


class PolicyPromotions(pa.DataFrameModel):
    """Currency of orders.amount per user of the random side and window, after coupons and sending.

    `beyond_running`: beyond the policy that made the plans before; `constant`: the one arm, given by chance to
    `constant_share` of the users to whom it is open, at the same cost, that is hardest to beat. Lower ends are of
    intervals that may be read every week. `status`: whether a policy may be promoted, and `reason` why or why not.
    """

    snapshot_date: pl.Date
    policy: str = pa.Field(isin=POLICIES, unique=True)
    status: str = pa.Field(isin=STATUSES)
    decision: str = pa.Field(isin=DECISIONS, nullable=True)
    decided_by: str = pa.Field(str_length={"min_value": 1}, nullable=True)
    decided_at: Annotated[pl.Datetime, "us", None] = pa.Field(nullable=True)
    reason: str = pa.Field(str_length={"min_value": 1})
    users: int = pa.Field(ge=0)
    effective_users: float = pa.Field(ge=0)
    beyond_running: float = pa.Field(in_range=FINITE, nullable=True)
    beyond_running_low: float = pa.Field(in_range=FINITE, nullable=True)
    constant: str = pa.Field(nullable=True)
    constant_share: float = pa.Field(in_range={"min_value": 0, "max_value": 1}, nullable=True)
    beyond_constant: float = pa.Field(in_range=FINITE, nullable=True)
    beyond_constant_low: float = pa.Field(in_range=FINITE, nullable=True)

    class Config:
        strict = True
        ordered = True

    @pa.dataframe_check
    @classmethod
    def one_policy_is_in_use_and_somebody_decided_so(cls, data: PolarsData) -> pl.LazyFrame:
        is_used = pl.col("status") == IN_USE
        decided = [pl.col(name).is_not_null() == is_used for name in ("decision", "decided_by", "decided_at")]
        return data.lazyframe.select(pl.all_horizontal(is_used.sum() == 1, *decided))

    @pa.dataframe_check
    @classmethod
    def promoted_on_proof(cls, data: PolarsData) -> pl.LazyFrame:
        is_proved = (pl.col("beyond_running_low") > 0) & (pl.col("beyond_constant_low") > 0)
        needs_proof = (pl.col("status") == READY) | pl.col("decision").eq_missing(pl.lit("promoted"))
        return data.lazyframe.select(is_proved.fill_null(value=False) | ~needs_proof)
