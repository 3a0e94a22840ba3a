"""Whom earlier plans meant: whoever was left alone by chance rests as long as whoever was written to.

If only those rested who had a message, the next plans would mean other users on the side of the policy than in the
holdout: of those who are always at risk the treated would be resting, those left alone would not. Sides of the weeks
after the first would then differ by more than chance (measured on a simulated shop of 3,000 users with cool-downs of
14 and 28 days: 23 % of the users meant in the third week were of a holdout of 10 %), and no effect could be read. So
what a plan meant counts for everybody for whom it was meant, on whichever side, once that plan has gone out.
"""

from __future__ import annotations

from dataclasses import dataclass
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


@dataclass(frozen=True)
class Resting:
    """From when on users rest. `contacts`: as they were, but those of a plan as of its last message. `meant` (SCHEMA),
    sorted: one row per user, earlier plan and treatment that it meant for the user and that no contact is of, as of
    that moment, too. `counts_as_contact`: once per user and plan, for those whom no message of the plan has reached.
    """

    contacts: pl.DataFrame
    meant: pl.DataFrame


def resting_before(
    sides: pl.DataFrame, held_back: pl.DataFrame, contacts: pl.DataFrame, settings: Decisions, cadence_days: int
) -> Resting:
    """`sides`, `held_back`: contracts PolicySides and HeldBackOptions of earlier snapshots; `contacts`: user_id, arm,
    sent_at and more, of the same time and known by now. A plan of which no message has reached anybody has not gone
    out, and lets nobody rest.

    All of a plan rest from one moment: else who had the message on Sunday would rest for longer than who was meant for
    it on Monday and left alone, and the sides of the plans after would differ (where users wait and messages go out all
    week, 12 % of the users meant were of a holdout of 10 % within five weeks). That moment is the last message of the
    plan, so that nobody rests for less than was promised.
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
        .select("user_id", "arm", planned_at=pl.col("snapshot_date").cast(pl.Datetime("us")))
        .unique(maintain_order=True)
    )
    reached = _of_plans(contacts, meant, cadence_days)
    last = reached.group_by("planned_at", maintain_order=True).agg(last_at=pl.col("sent_at").max())
    keys = ["user_id", "arm", "planned_at"]
    had = reached.select("user_id", "planned_at").unique(maintain_order=True).with_columns(has_had=pl.lit(value=True))
    others = (
        meant.join(reached, on=keys, how="anti", maintain_order="left")
        .join(last, on="planned_at", how="inner", maintain_order="left")
        .sort("user_id", "planned_at", "arm")
        .join(had, on=["user_id", "planned_at"], how="left", maintain_order="left")
    )
    is_first = pl.int_range(pl.len()).over("user_id", "planned_at") == 0
    return Resting(
        _as_of_the_last(contacts, reached.join(last, on="planned_at", how="left", maintain_order="left")),
        others.with_columns(sent_at="last_at", counts_as_contact=is_first & pl.col("has_had").is_null()).select(
            list(SCHEMA)
        ),
    )


def _of_plans(contacts: pl.DataFrame, meant: pl.DataFrame, cadence_days: int) -> pl.DataFrame:
    """Contacts of what a plan meant for their users, sent before the next plan: contact (its row), user_id, arm,
    sent_at, planned_at.
    """
    spans = meant.select("planned_at").unique(maintain_order=True).with_columns(
        until=pl.col("planned_at") + timedelta(days=cadence_days)
    )  # fmt: skip
    numbered = contacts.select("user_id", "arm", "sent_at").with_row_index("contact")
    within = numbered.join_where(spans, pl.col("sent_at") >= pl.col("planned_at"), pl.col("sent_at") < pl.col("until"))
    own = within.join(meant, on=["user_id", "arm", "planned_at"], how="semi", maintain_order="left")
    # A month may be shorter than the 31 days between monthly plans: then the contact is of the later one.
    return own.sort("contact", "planned_at").unique("contact", keep="last", maintain_order=True).drop("until")


def _as_of_the_last(contacts: pl.DataFrame, reached: pl.DataFrame) -> pl.DataFrame:
    moved = contacts.with_row_index("contact").join(
        reached.select("contact", "last_at"), on="contact", how="left", maintain_order="left"
    )
    return moved.with_columns(sent_at=pl.coalesce("last_at", "sent_at")).select(contacts.columns)
