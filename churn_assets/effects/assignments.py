"""Assignments of users to arms: contracts of the readout's inputs, and assignments from the decision ledger."""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated

import pandera.polars as pa
import polars as pl

from churn_assets.contracts.decision_ledger import IS_GIVEN_BY_CHANCE, IS_KNOWN, NO_ARM, treatment


class Contacts(pa.DataFrameModel):
    """One row per contact of a campaign with randomised users, `sent_at` before the snapshot."""

    campaign: str = pa.Field(str_length={"min_value": 1})
    user_id: str = pa.Field(str_length={"min_value": 1})
    contact_id: str = pa.Field(unique=True)
    arm: str = pa.Field(nullable=True)
    propensity: float = pa.Field(in_range={"min_value": 0, "max_value": 1}, nullable=True)
    is_randomised: bool = pa.Field(nullable=True)
    sent_at: Annotated[pl.Datetime, "us", None]

    class Config:
        strict = True


class Assignments(pa.DataFrameModel):
    """One row per campaign and user; propensity: stated probability of the assigned arm; null: unknown."""

    campaign: str = pa.Field(str_length={"min_value": 1})
    user_id: str = pa.Field(str_length={"min_value": 1})
    arm: str = pa.Field(str_length={"min_value": 1})
    propensity: float = pa.Field(in_range={"min_value": 0, "max_value": 1}, nullable=True)
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
        strict = False
        unique = ("campaign", "user_id")


class AllOutcomes(Outcomes):
    """And whatever else happened in the window, and what the user bought in the window before the assignment.

    `satisfaction`: mean place of the user's answers among all answers to the same question; null without any.
    """

    returned_amount: float = pa.Field(ge=0, lt=float("inf"))
    redeemed_amount: float = pa.Field(ge=0, lt=float("inf"))
    contact_cost_amount: float = pa.Field(ge=0, lt=float("inf"))
    clicks_count: int = pa.Field(ge=0)
    objections_count: int = pa.Field(ge=0)
    tickets_count: int = pa.Field(ge=0)
    satisfaction: float = pa.Field(in_range={"min_value": 0, "max_value": 1}, nullable=True)
    orders_before_count: int = pa.Field(ge=0)
    spent_before_amount: float = pa.Field(gt=float("-inf"), lt=float("inf"))

    class Config:
        strict = True


TRAITS = pl.Schema(
    {
        "campaign": pl.String(),
        "user_id": pl.String(),
        "reason": pl.String(),
        "risk_tier": pl.String(),
        "churn_probability": pl.Float64(),
        "value_at_risk_amount": pl.Float64(),
    }
)


def contact_assignments(contacts: pl.DataFrame) -> tuple[pl.DataFrame, dict[str, list[str]]]:
    """(assignments by the first contact of each user in a campaign, remarks by campaign).

    Users whose arm is unknown or was not assigned by chance are left out, and counted. Of several contacts of a user
    the first one counts, since later ones are consequences of it.
    Raises pandera SchemaErrors on malformed contacts.
    """
    Contacts.validate(contacts, lazy=True)
    users = (
        contacts.sort("campaign", "user_id", "sent_at", "contact_id")
        .group_by("campaign", "user_id", maintain_order=True)
        .agg(pl.first("arm", "propensity", "is_randomised", "sent_at"), arms=pl.col("arm").n_unique())
        .with_columns(why_not=_why_not_comparable())
    )
    remarks: dict[str, list[str]] = {}
    left_out = users.filter(pl.col("why_not").is_not_null()).group_by("campaign", "why_not", maintain_order=True).len()
    for campaign, why, count in left_out.sort("campaign", "why_not").iter_rows():
        remarks.setdefault(campaign, []).append(f"{count:,} users left out: {why}")
    comparable = users.filter(pl.col("why_not").is_null())
    for campaign, count in (
        comparable.filter(pl.col("arms") > 1)
        .group_by("campaign", maintain_order=True)
        .len()
        .sort("campaign")
        .iter_rows()
    ):
        remarks.setdefault(campaign, []).append(f"{count:,} users had more than one arm: the first counts")
    return comparable.select("campaign", "user_id", "arm", "propensity", assigned_at="sent_at"), remarks


def _why_not_comparable() -> pl.Expr:
    """Null for users who can be compared."""
    return (
        pl.when(~pl.col("is_randomised").fill_null(value=False))
        .then(pl.lit("not assigned by chance"))
        .when(pl.col("arm").is_null())
        .then(pl.lit("no arm stated"))
    )


def ledger_assignments(ledger: pl.DataFrame, sides: pl.DataFrame | None = None) -> pl.DataFrame:
    """Turn decision ledgers of one or more snapshots into assignments: one row per user and campaign.

    Only users with an intended arm count, since only they could have received it. Each snapshot and intended treatment
    (the arm with its level) is a campaign of its own, `policy_version@snapshot/treatment`, with that treatment and
    `none` as arms: users meant for a call against users meant for an e-mail would compare users, not arms. `sides`
    (contract PolicySides): where business as usual intended another arm for the user, both are arms of a campaign
    `.../<treatment>+<usual treatment>`, since either side may have given its own. Raises ValueError on an empty ledger;
    a ledger without any intended arm gives an empty frame.
    """
    if ledger.is_empty():
        raise ValueError("decision_ledger: no rows to take assignments from; materialise an earlier snapshot first")
    intended = _intended(ledger, sides)
    return intended.select(
        campaign="campaign",
        user_id="user_id",
        arm=pl.when(pl.col("arm") == NO_ARM).then("arm").otherwise("treatment"),
        propensity="propensity",
        assigned_at="decided_at",
    ).sort("campaign", "user_id")


def random_assignments(options: pl.DataFrame) -> pl.DataFrame:
    """Turn random sides (contract RandomOptions) of one or more snapshots into assignments, sorted.

    Each snapshot and treatment is a campaign, `policy_version@snapshot/random/treatment`: users who drew it against
    those who drew none and could have drawn it, either with the same chance. Who drew none is in one per option.
    """
    drawn = options.filter(IS_KNOWN, pl.col("treatment") != NO_ARM).with_columns(treatments=pl.concat_list("treatment"))
    none = options.filter(IS_KNOWN, pl.col("treatment") == NO_ARM)
    return (
        pl.concat([drawn, none])
        .explode("treatments")
        .select(
            campaign=pl.concat_str(
                "policy_version", pl.lit("@"), pl.col("snapshot_date").cast(pl.String), pl.lit("/random/"), "treatments"
            ),
            user_id="user_id",
            arm="treatment",
            propensity=pl.lit(0.5),
            assigned_at=pl.col("snapshot_date").cast(pl.Datetime("us")),
        )
        .sort("campaign", "user_id")
    )


def sampled_assignments(options: pl.DataFrame) -> pl.DataFrame:
    """Turn users who were given an option as often as it may be the best (contract SampledOptions) into assignments.

    Each snapshot and treatment is a campaign, `policy_version@snapshot/sampled/treatment`, as on the random side, with
    the chances of either user's own draw, given that it was that treatment or none.
    """
    chances = options.filter(IS_KNOWN).explode("treatments", "chances")
    none = chances.filter(pl.col("treatments") == NO_ARM).select("user_id", "snapshot_date", of_none="chances")
    is_own = (pl.col("treatment") == NO_ARM) | (pl.col("treatment") == pl.col("treatments"))
    compared = chances.filter(pl.col("treatments") != NO_ARM, is_own).join(
        none, on=["user_id", "snapshot_date"], how="left", maintain_order="left"
    )
    own = pl.when(pl.col("treatment") == NO_ARM).then("of_none").otherwise("chances")
    return compared.select(
        campaign=pl.concat_str(
            "policy_version", pl.lit("@"), pl.col("snapshot_date").cast(pl.String), pl.lit("/sampled/"), "treatments"
        ),
        user_id="user_id",
        arm="treatment",
        propensity=own / (pl.col("chances") + pl.col("of_none")),
        assigned_at=pl.col("snapshot_date").cast(pl.Datetime("us")),
    ).sort("campaign", "user_id")


def ledger_traits(
    ledgers: Collection[pl.DataFrame], scored: Collection[pl.DataFrame], sides: pl.DataFrame | None = None
) -> pl.DataFrame:
    """What was known of the users of `ledger_assignments` when decided (TRAITS). `scored`: the scored users of the same
    snapshots.
    """
    if not ledgers:
        return pl.DataFrame(schema=TRAITS)
    keys = ["user_id", "snapshot_date"]
    nobody = pl.DataFrame(schema={"user_id": pl.String, "snapshot_date": pl.Date, "risk_tier": pl.String})
    tiers = pl.concat([nobody, *(frame.select(list(nobody.columns)) for frame in scored)])  # scores may be withheld
    users = pl.concat([_intended(ledger, sides) for ledger in ledgers])
    return users.join(tiers, on=keys, how="left", maintain_order="left").select(list(TRAITS))


def _intended(ledger: pl.DataFrame, sides: pl.DataFrame | None) -> pl.DataFrame:
    """Rows with an intended arm, with its `treatment` and the `campaign` of snapshot and treatment."""
    # The purchases of an erased user are erased as well: the user would count as one without purchases.
    intended = ledger.filter(pl.col("intended_arm") != NO_ARM, IS_KNOWN, ~IS_GIVEN_BY_CHANCE)
    snapshot = pl.col("snapshot_date").dt.to_string("%Y-%m-%d")
    rows = intended.with_columns(treatment=treatment("intended_arm", "intended_level"), meant=pl.lit(None, pl.String))
    if sides is not None:
        is_either = (pl.col("policy") != NO_ARM) & (pl.col("usual") != NO_ARM) & (pl.col("policy") != pl.col("usual"))
        both = sides.filter(is_either).select(
            "user_id", "snapshot_date", either=pl.concat_str("policy", pl.lit("+"), "usual")
        )
        rows = rows.join(both, on=["user_id", "snapshot_date"], how="left", maintain_order="left", validate="1:1")
        rows = rows.with_columns(meant="either").drop("either")
    meant = pl.coalesce("meant", "treatment")
    return rows.with_columns(campaign=pl.concat_str("policy_version", pl.lit("@"), snapshot, pl.lit("/"), meant)).drop(
        "meant"
    )
