"""Whom earlier plans meant: whoever was left alone by chance rests as long as whoever was written to.

If only those rested who had a message, the next plans would mean other users on the side of the policy than in the
holdout: of those who are always at risk the treated would be resting, those left alone would not. Sides of the weeks
after the first would then differ by more than chance (measured on a simulated shop of 3,000 users with cool-downs of
14 and 28 days: 23 % of the users meant in the third week were of a holdout of 10 %), and no effect could be read. So
what a plan meant counts for everybody for whom it was meant, on whichever side, once that plan has gone out.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import polars as pl

from churn_assets.catalogue.arms import treatment_of
from churn_assets.contracts.channels import NO_CHANNEL
from churn_assets.contracts.decision_ledger import NO_ARM

if TYPE_CHECKING:
    from churn_assets.settings.decisions import Decisions

SCHEMA = pl.Schema(
    {"user_id": pl.String(), "arm": pl.String(), "sent_at": pl.Datetime("us"), "counts_as_contact": pl.Boolean()}
)


def meant_before(
    sides: pl.DataFrame, held_back: pl.DataFrame, contacts: pl.DataFrame, settings: Decisions, cadence_days: int
) -> pl.DataFrame:
    """One row per user, earlier snapshot and treatment that either plan meant for the user and that no contact is of
    (SCHEMA), sorted. `sent_at`: the snapshot.

    `sides`, `held_back`: contracts PolicySides and HeldBackOptions of earlier snapshots; `contacts`: user_id, arm,
    sent_at, of the same time and known by now. A plan of which no message has reached anybody is left out: it has not
    gone out. `counts_as_contact`: once per user and snapshot, for those whom no message of the plan has reached.
    """
    silent = [
        treatment_of(arm.arm, level.level)
        for arm in settings.arms
        if arm.channel == NO_CHANNEL
        for level in arm.strengths()
    ]
    by_plans = (
        sides.select("user_id", "snapshot_date", "policy", "usual")
        .unpivot(on=["policy", "usual"], index=["user_id", "snapshot_date"], value_name="arm")
        .select("user_id", "snapshot_date", "arm")
    )
    meant = (
        pl.concat([by_plans, held_back.select("user_id", "snapshot_date", arm="treatment")])
        .filter(pl.col("arm") != NO_ARM, ~pl.col("arm").is_in(silent))
        .select("user_id", "arm", sent_at=pl.col("snapshot_date").cast(pl.Datetime("us")))
        .unique(["user_id", "arm", "sent_at"], maintain_order=True)
    )
    spans = meant.select("sent_at").unique(maintain_order=True).with_columns(
        until=pl.col("sent_at") + timedelta(days=cadence_days)
    )  # fmt: skip
    by_plan = contacts.select("user_id", "arm", reached_at="sent_at").join_where(
        spans, pl.col("reached_at") >= pl.col("sent_at"), pl.col("reached_at") < pl.col("until")
    )
    reached = by_plan.select("user_id", "arm", "sent_at").unique(maintain_order=True)
    hits = meant.join(reached, on=["user_id", "arm", "sent_at"], how="semi", maintain_order="left")
    gone_out = hits["sent_at"].unique().to_list()
    had = hits.select("user_id", "sent_at").unique(maintain_order=True).with_columns(has_had=pl.lit(value=True))
    others = meant.join(hits, on=["user_id", "arm", "sent_at"], how="anti", maintain_order="left")
    rows = (
        others.filter(pl.col("sent_at").is_in(gone_out))
        .sort("user_id", "sent_at", "arm")
        .join(had, on=["user_id", "sent_at"], how="left", maintain_order="left")
    )
    is_first = pl.int_range(pl.len()).over("user_id", "sent_at") == 0
    return rows.with_columns(counts_as_contact=is_first & pl.col("has_had").is_null()).select(list(SCHEMA))
