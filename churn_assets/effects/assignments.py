"""Who was assigned to what: contracts of the readout's inputs, and assignments out of the project's own decisions."""

from __future__ import annotations

from typing import Annotated

import pandera.polars as pa
import polars as pl

from churn_assets.contracts.decision_ledger import IS_KNOWN, NO_ARM, treatment


class Assignments(pa.DataFrameModel):
    """One row per campaign and user; propensity: stated probability of the arm the user was given."""

    campaign: str = pa.Field(str_length={"min_value": 1})
    user_id: str = pa.Field(str_length={"min_value": 1})
    arm: str = pa.Field(str_length={"min_value": 1})
    propensity: float = pa.Field(in_range={"min_value": 0, "max_value": 1, "include_min": False})
    assigned_at: Annotated[pl.Datetime, "us", None]

    class Config:
        strict = True
        unique = ("campaign", "user_id")


class Outcomes(pa.DataFrameModel):
    """One row per campaign and user: purchases within the window after assignment, zero where there were none."""

    campaign: str = pa.Field(str_length={"min_value": 1})
    user_id: str = pa.Field(str_length={"min_value": 1})
    spent_amount: float = pa.Field(gt=float("-inf"), lt=float("inf"))
    orders_count: int = pa.Field(ge=0)

    class Config:
        strict = True
        unique = ("campaign", "user_id")


def ledger_assignments(ledger: pl.DataFrame) -> pl.DataFrame:
    """Turn decision ledgers of one or more snapshots into assignments: one row per user and campaign.

    Only users with an intended arm count: they alone could have been given it. Each snapshot and intended treatment
    (the arm with its level) is a campaign of its own, `policy_version@snapshot/treatment`, whose arms are that and
    `none`; users meant
    for a call compared with users meant for an e-mail would be a comparison of users, not of arms.
    Raises ValueError on an empty ledger; a ledger in which nobody was intended anything gives an empty frame.
    """
    if ledger.is_empty():
        raise ValueError("decision_ledger: no rows to take assignments from; materialise an earlier snapshot first")
    # What an erased user bought is erased as well: they would count as somebody who bought nothing.
    intended = ledger.filter(pl.col("intended_arm") != NO_ARM, IS_KNOWN)
    snapshot = pl.col("snapshot_date").dt.to_string("%Y-%m-%d")
    given = treatment("intended_arm", "intended_level")
    return intended.select(
        campaign=pl.concat_str("policy_version", pl.lit("@"), snapshot, pl.lit("/"), given),
        user_id="user_id",
        arm=pl.when(pl.col("arm") == NO_ARM).then("arm").otherwise(given),
        propensity="propensity",
        assigned_at="decided_at",
    ).sort("campaign", "user_id")
