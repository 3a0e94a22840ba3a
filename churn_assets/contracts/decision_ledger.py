"""Contract of interventions.decision_ledger: one row per eligible user of one snapshot, acted upon or not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import pandera.polars as pa
import polars as pl

from churn_assets.contracts.channels import CHANNELS
from churn_assets.contracts.feature import NOTHING_SHOWN, REASON_GROUPS

if TYPE_CHECKING:
    from pandera.polars import PolarsData

NO_ARM = "none"
# Why a channel cannot reach a user now, an arm cannot be repeated yet, or the texts of an arm cannot be filled.
HINDRANCES = ("suppressed", "no_consent", "unreachable", "frequency_cap", "cool_down", "no_item", "no_code")
LIMITS = ("budget", "capacity", "channel_capacity", "code_pool")
# Treated as usual, or not, and so without what the other side would have given (decisions/usual.py).
USUAL = "usual"
CHANCES = ("holdout", "control", "exploration", USUAL)
# Had a message lately, and is worth more to write to later (decisions/waiting.py).
WAITS = "waits"
# Drawn on the random side, where none of the options is one of the draws (decisions/random_side.py).
RANDOM_OPTION = "random_option"
BINDING_CONSTRAINTS = (*CHANCES, RANDOM_OPTION, *HINDRANCES, "small_stake", "no_gain", WAITS, *LIMITS)
IS_LEFT_ALONE = pl.col("arm") == NO_ARM
IS_GIVEN_BY_CHANCE = pl.col("is_exploration") & (pl.col("arm") != NO_ARM)
ERASED = "erased-"  # prefix of the user_id of a row whose user was erased later: the row is anonymous
IS_KNOWN = ~pl.col("user_id").str.starts_with(ERASED)


def treatment(arm: str, level: str) -> pl.Expr:
    """Columns of an arm and its level as one name, as campaigns have it: `coupon_10`, or the arm without levels."""
    return pl.concat_str(arm, pl.when(pl.col(level).is_null()).then(pl.lit("")).otherwise("_" + pl.col(level)))


class DecisionLedger(pa.DataFrameModel):
    """Amounts in the currency of orders.amount; propensity: chance of the recorded arm over the user's own draw."""

    decision_id: str = pa.Field(unique=True, str_matches=r"^[0-9a-f]{32}$")
    user_id: str = pa.Field(unique=True, str_length={"min_value": 1})
    snapshot_date: pl.Date
    policy_version: str = pa.Field(str_matches=r"^[a-z]+-[0-9a-f]{8}$")
    arm: str = pa.Field(str_matches=r"^[a-z0-9_]+$")
    propensity: float = pa.Field(in_range={"min_value": 0, "max_value": 1, "include_min": False})
    is_holdout: bool
    is_exploration: bool
    binding_constraint: str = pa.Field(isin=BINDING_CONSTRAINTS, nullable=True)
    expected_gain_amount: float = pa.Field(ge=0, lt=float("inf"))
    expected_cost_amount: float = pa.Field(ge=0, lt=float("inf"))
    decided_at: Annotated[pl.Datetime, "us", None]
    intended_arm: str = pa.Field(str_matches=r"^[a-z0-9_]+$")
    channel: str = pa.Field(isin=CHANNELS, nullable=True)
    reason: str = pa.Field(isin=(NOTHING_SHOWN, *REASON_GROUPS), nullable=True)
    value_at_risk_amount: float = pa.Field(ge=0, lt=float("inf"))
    churn_probability: float = pa.Field(in_range={"min_value": 0, "max_value": 1})
    level: str = pa.Field(str_matches=r"^[a-z0-9_]+$", nullable=True)
    intended_level: str = pa.Field(str_matches=r"^[a-z0-9_]+$", nullable=True)

    class Config:
        strict = True
        ordered = True

    @pa.dataframe_check
    @classmethod
    def one_snapshot(cls, data: PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select(pl.col("snapshot_date") == pl.col("snapshot_date").min())

    @pa.dataframe_check
    @classmethod
    def decided_at_the_snapshot(cls, data: PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select(pl.col("decided_at") == pl.col("snapshot_date").cast(pl.Datetime("us")))

    @pa.dataframe_check
    @classmethod
    def left_alone_exactly_when_constrained(cls, data: PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select(pl.col("binding_constraint").is_not_null() == IS_LEFT_ALONE)

    @pa.dataframe_check
    @classmethod
    def acted_as_intended(cls, data: PolarsData) -> pl.LazyFrame:
        is_same = (pl.col("arm") == pl.col("intended_arm")) & pl.col("level").eq_missing(pl.col("intended_level"))
        return data.lazyframe.select(IS_LEFT_ALONE | is_same)

    @pa.dataframe_check
    @classmethod
    def intended_but_left_alone_only_by_chance(cls, data: PolarsData) -> pl.LazyFrame:
        by_chance = pl.col("binding_constraint").is_in(CHANCES).fill_null(value=False)
        return data.lazyframe.select(by_chance == (IS_LEFT_ALONE & (pl.col("intended_arm") != NO_ARM)))

    @pa.dataframe_check
    @classmethod
    def holdout_is_untouched(cls, data: PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select(~pl.col("is_holdout") | IS_LEFT_ALONE)

    @pa.dataframe_check
    @classmethod
    def held_out_users_are_in_the_holdout(cls, data: PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select(pl.col("binding_constraint").ne_missing(pl.lit("holdout")) | pl.col("is_holdout"))

    @pa.dataframe_check
    @classmethod
    def exploration_is_the_constraint(cls, data: PolarsData) -> pl.LazyFrame:
        explored = pl.col("binding_constraint").is_in(["exploration", RANDOM_OPTION]).fill_null(value=False)
        # Of the holdout, and so without what would have been drawn.
        held_back = pl.col("is_holdout") & ~pl.col("is_exploration")
        is_right = (pl.col("is_exploration") == explored) | (IS_GIVEN_BY_CHANCE & ~explored) | held_back
        return data.lazyframe.select(is_right)

    @pa.dataframe_check
    @classmethod
    def left_alone_costs_and_gains_nothing(cls, data: PolarsData) -> pl.LazyFrame:
        amounts = pl.col("expected_gain_amount") + pl.col("expected_cost_amount")
        return data.lazyframe.select(~IS_LEFT_ALONE | (amounts == 0))

    @pa.dataframe_check
    @classmethod
    def action_pays(cls, data: PolarsData) -> pl.LazyFrame:
        pays = pl.col("expected_gain_amount") > pl.col("expected_cost_amount")
        return data.lazyframe.select(IS_LEFT_ALONE | IS_GIVEN_BY_CHANCE | pays)

    @pa.dataframe_check
    @classmethod
    def channel_exactly_when_acted_upon(cls, data: PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select(pl.col("channel").is_null() == IS_LEFT_ALONE)

    @pa.dataframe_check
    @classmethod
    def without_intention_propensity_is_one(cls, data: PolarsData) -> pl.LazyFrame:
        is_certain = (pl.col("propensity") == 1) | pl.col("binding_constraint").eq_missing(pl.lit(RANDOM_OPTION))
        return data.lazyframe.select((pl.col("intended_arm") != NO_ARM) | is_certain)
