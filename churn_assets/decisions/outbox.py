"""From decisions to planned messages. Addresses are looked up by whoever sends; nothing is approved or sent here."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING

import polars as pl

from churn_assets.contracts.decision_ledger import NO_ARM
from churn_assets.contracts.outbox import Outbox
from churn_assets.decisions.keys import stable_keys

if TYPE_CHECKING:
    from datetime import date

    from churn_assets.settings import Decisions

SEND_FROM = time(9)  # UTC: nobody is written to at night because a run finished at night


def plan_messages(ledger: pl.DataFrame, settings: Decisions, snapshot: date, cadence_days: int) -> pl.DataFrame:
    """Plan the outbox of one snapshot: one row per user acted upon, sorted by user, in state `planned`; may be empty.

    A message may go out from 09:00 UTC of the snapshot and expires `cadence_days` later, when the next plan takes over.
    The payload is JSON with sorted keys: arm, reason, snapshot_date, user_id and value_tier (high, medium, low: the
    third of this snapshot's messages the user's value at risk falls in; equal values share a tier).
    Raises ValueError on an empty ledger, one of another snapshot, an arm missing in the settings, cadence_days < 1.
    """
    if cadence_days < 1:
        raise ValueError(f"cadence_days is {cadence_days}: a message needs at least one day before the next plan")
    if ledger.is_empty():
        raise ValueError(f"decision_ledger: no row at snapshot_date {snapshot}; materialise decision_ledger first")
    dates = ledger.get_column("snapshot_date").unique().sort().to_list()
    if dates != [snapshot]:
        found = ", ".join(str(day) for day in dates)
        raise ValueError(f"decision_ledger: snapshot_date is {found} where only {snapshot} belongs; filter it first")
    acted = ledger.filter(pl.col("arm") != NO_ARM).sort("user_id")
    templates = {arm.arm: arm.template for arm in settings.arms}
    unknown = sorted(set(acted.get_column("arm")) - set(templates))
    if unknown:
        raise ValueError(
            f"decision_ledger: arm {unknown[0]!r} is not in decisions.arms {sorted(templates)}; restore it"
        )
    messages = acted.with_columns(
        template=pl.col("arm").replace_strict(templates, return_dtype=pl.String),
        value_tier=_value_tier(),
    )
    keys = stable_keys(messages.select(pl.concat_str("decision_id", "arm", "template", separator="|")).to_series())
    payload = pl.struct(
        "arm", "reason", pl.col("snapshot_date").dt.to_string("%Y-%m-%d"), "user_id", "value_tier"
    ).struct.json_encode()
    midnight = datetime.combine(snapshot, time())
    outbox = messages.select(
        keys.alias("message_key"),
        "decision_id",
        "user_id",
        "channel",
        "template",
        payload=payload,
        state=pl.lit("planned"),
        not_before=pl.lit(datetime.combine(snapshot, SEND_FROM), pl.Datetime("us")),
        expires_at=pl.lit(midnight + timedelta(days=cadence_days), pl.Datetime("us")),
    )
    return Outbox.validate(outbox, lazy=True)


def _value_tier() -> pl.Expr:
    place = pl.col("value_at_risk_amount").rank("max") / pl.len()
    return (
        pl.when(place > 2 / 3).then(pl.lit("high")).when(place > 1 / 3).then(pl.lit("medium")).otherwise(pl.lit("low"))
    )
