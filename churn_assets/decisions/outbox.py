"""From decisions to planned messages. Addresses are looked up when sending; nothing is approved or sent here."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING

import polars as pl

from churn_assets.contracts.channels import NO_CHANNEL
from churn_assets.contracts.decision_ledger import NO_ARM
from churn_assets.contracts.outbox import Outbox
from churn_assets.contracts.send_slots import SendSlots
from churn_assets.decisions.keys import stable_keys
from churn_assets.decisions.messages import BEST, MessageText, items_by_user, items_payload, message_text, payload_of
from churn_assets.decisions.quiet import first_moment

if TYPE_CHECKING:
    from datetime import date

    from churn_assets.settings.decisions import Decisions


def plan_messages(
    ledger: pl.DataFrame,
    items: pl.DataFrame,
    settings: Decisions,
    snapshot: date,
    cadence_days: int,
    slots: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Plan the outbox of one snapshot: one row per user to be reached, sorted by user; may be empty.

    `items`: recommended items of the users (contract RecommendedItems). A message may go out from the first moment of
    the snapshot that is not quiet, or from that of its send slot (`slots`, contract SendSlots), and expires
    `cadence_days` later, when the next plan takes over. Its text is part of the payload, so that approving the plan
    approves the text. State `planned`, or `cancelled` where a slot of the text has no value for the user. value_tier:
    high, medium, low, the third of this snapshot's messages the user's value at risk falls in; equal values share one.
    Raises ValueError on an empty ledger, one of another snapshot, an arm missing in the settings, cadence_days < 1.
    """
    acted = _acted_upon(ledger, settings, snapshot, cadence_days)
    arms = {arm.arm: arm for arm in settings.arms}
    by_user = items_by_user(items)
    midnight = datetime.combine(snapshot, time())
    expires_at = midnight + timedelta(days=cadence_days)
    starts = {name: first_moment(midnight, arm, settings.time_zone) for name, arm in arms.items()}
    payloads, states = [], []
    for arm, level, reason, user_id, value_tier in acted.select(
        "arm", "level", "reason", "user_id", "value_tier"
    ).iter_rows():
        user_items = by_user.get(user_id, [])
        text = message_text(arms[arm], settings.language, level, user_items, expires_at.date())
        states.append("cancelled" if text is None else "planned")
        text = text or MessageText("", "", ())
        payloads.append(
            payload_of({
                "arm": arm, "level": level, "reason": reason, "user_id": user_id, "value_tier": value_tier,
                "items": [item.product_id for item in user_items[:BEST]], "products": items_payload(text.items),
                "language": settings.language, "snapshot_date": snapshot.isoformat(),
                "subject": text.subject, "body": text.body, "code": None, "code_from": arms[arm].code,
            })
        )  # fmt: skip
    templates = {name: arm.template for name, arm in arms.items()}
    messages = acted.with_columns(template=pl.col("arm").replace_strict(templates, return_dtype=pl.String))
    keys = stable_keys(messages.select(pl.concat_str("decision_id", "arm", "template", separator="|")).to_series())
    by_slot = SendSlots.empty() if slots is None else slots
    later = acted.select("user_id").join(
        by_slot.select("user_id", "send_after"), on="user_id", how="left", maintain_order="left", validate="1:1"
    )
    earliest = pl.col("arm").replace_strict(starts, return_dtype=pl.Datetime("us"))
    outbox = messages.select(
        keys.alias("message_key"),
        "decision_id",
        "user_id",
        "channel",
        "template",
        payload=pl.Series(payloads, dtype=pl.String),
        state=pl.Series(states, dtype=pl.String),
        not_before=pl.coalesce(later["send_after"], earliest),
        expires_at=pl.lit(expires_at, pl.Datetime("us")),
    )
    return Outbox.validate(outbox, lazy=True)


def _acted_upon(ledger: pl.DataFrame, settings: Decisions, snapshot: date, cadence_days: int) -> pl.DataFrame:
    if cadence_days < 1:
        raise ValueError(f"cadence_days is {cadence_days}: a message needs at least one day before the next plan")
    if ledger.is_empty():
        raise ValueError(f"decision_ledger: no row at snapshot_date {snapshot}; materialise decision_ledger first")
    dates = ledger.get_column("snapshot_date").unique().sort().to_list()
    if dates != [snapshot]:
        date_list = ", ".join(str(day) for day in dates)
        raise ValueError(
            f"decision_ledger: snapshot_date is {date_list} where only {snapshot} belongs; filter it first"
        )
    acted = ledger.filter(pl.col("arm") != NO_ARM, pl.col("channel") != NO_CHANNEL).sort("user_id")
    known_arms = sorted(arm.arm for arm in settings.arms)
    unknown_arms = sorted(set(acted.get_column("arm")) - set(known_arms))
    if unknown_arms:
        raise ValueError(f"decision_ledger: arm {unknown_arms[0]!r} is not in decisions.arms {known_arms}; restore it")
    return acted.with_columns(value_tier=_value_tier())


def _value_tier() -> pl.Expr:
    place = pl.col("value_at_risk_amount").rank("max") / pl.len()
    return (
        pl.when(place > 2 / 3).then(pl.lit("high")).when(place > 1 / 3).then(pl.lit("medium")).otherwise(pl.lit("low"))
    )
