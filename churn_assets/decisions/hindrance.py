"""Hindrances: why a channel may not be used for a user at a snapshot."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING

import polars as pl

from churn_assets.catalogue.arms import treatment_of
from churn_assets.contracts.channels import ADDRESS_COLUMNS, NO_CHANNEL, SENDING_CHANNELS
from churn_assets.decisions.meant import SCHEMA as MEANT

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import date

    from churn_assets.settings.decisions import Decisions


def with_hindrances(
    users: pl.DataFrame,
    consents: pl.DataFrame,
    contacts: pl.DataFrame,
    *,
    suppressed: Collection[str],
    suppressed_channels: Collection[tuple[str, str]],
    needs_address: Collection[str],
    settings: Decisions,
    snapshot: date,
    meant: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Add `hindrance_<channel>`, `cooling_arms` and `unit_id` to one row per user.

    `consents`: one row per user, consent_<channel> (null: never asked), has_email, has_phone, household_id, device_id.
    `contacts`: contacts of users before the snapshot, user_id, arm (the treatment), channel, sent_at. `suppressed`: ids
    that get no message; `suppressed_channels`: (id, channel) by which they get none. `needs_address`: channels whose
    adapter needs an address. `meant`: what earlier plans meant for users without reaching them (`resting_before`), so
    that who was left alone by chance rests like the others. A hindrance is the first that applies of suppressed,
    no_consent, unreachable, frequency_cap.
    """
    now = datetime.combine(snapshot, time())
    known = users.join(consents, on="user_id", how="left", maintain_order="left")
    others = pl.DataFrame(schema=MEANT) if meant is None else meant
    counted = [contacts.select("user_id", "sent_at"), others.filter("counts_as_contact").select("user_id", "sent_at")]
    recent = pl.concat(counted).filter(pl.col("sent_at") >= now - timedelta(days=settings.max_contacts_days))
    capped = (
        recent.group_by("user_id", maintain_order=True).len().filter(pl.col("len") >= settings.max_contacts)["user_id"]
    )
    is_suppressed = pl.col("user_id").is_in(list(suppressed))
    is_capped = pl.col("user_id").is_in(capped.to_list())
    addresses = {channel: pl.col(f"has_{column}") for channel, column in ADDRESS_COLUMNS.items()}
    hindrances = {}
    for channel in SENDING_CHANNELS:
        is_open = pl.col(f"consent_{channel}").fill_null(settings.unknown_consent == "allow")
        has_address = addresses.get(channel, pl.lit(value=True)).fill_null(value=False)
        here = [user for user, suppressed_channel in suppressed_channels if suppressed_channel == channel]
        hindrances[f"hindrance_{channel}"] = (
            pl.when(is_suppressed | pl.col("user_id").is_in(here)).then(pl.lit("suppressed"))
            .when(~is_open).then(pl.lit("no_consent"))
            .when(pl.lit(channel in needs_address) & ~has_address).then(pl.lit("unreachable"))
            .when(is_capped).then(pl.lit("frequency_cap"))
        )  # fmt: skip
    unit = {"household": pl.col("household_id"), "device": pl.col("device_id")}.get(settings.randomise_by)
    rested = [contacts.select("user_id", "arm", "sent_at"), others.select("user_id", "arm", "sent_at")]
    cooling = _cooling(pl.concat(rested), settings, now)
    return (
        known.join(cooling, on="user_id", how="left", maintain_order="left")
        .with_columns(
            **hindrances,
            **{f"hindrance_{NO_CHANNEL}": pl.lit(None, pl.String)},
            cooling_arms=pl.col("cooling_arms").fill_null(pl.lit([], pl.List(pl.String))),
            unit_id=pl.coalesce(*([] if unit is None else [pl.lit(f"{settings.randomise_by}:") + unit]), "user_id"),
        )
        .select(
            *users.columns, *hindrances, f"hindrance_{NO_CHANNEL}", "cooling_arms", "unit_id",
        )
    )  # fmt: skip


def _cooling(contacts: pl.DataFrame, settings: Decisions, now: datetime) -> pl.DataFrame:
    """One row per user with the arms of contacts within the arm's cool-down, whatever the level."""
    cool_downs = [
        (treatment_of(arm.arm, level.level), arm.arm, arm.cool_down_days)
        for arm in settings.arms
        for level in arm.strengths()
        if arm.cool_down_days
    ]
    arms = pl.DataFrame(cool_downs, schema={"arm": pl.String, "cooling": pl.String, "days": pl.Int64}, orient="row")
    return (
        contacts.join(arms, on="arm")
        .filter(pl.col("sent_at") >= pl.lit(now) - pl.duration(days="days"))
        .group_by("user_id", maintain_order=True)
        .agg(cooling_arms=pl.col("cooling").unique().sort())
    )
