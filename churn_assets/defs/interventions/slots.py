"""Send slots of the messages of a snapshot, learned from what was known before it."""

from __future__ import annotations

import polars as pl

from churn_assets.contracts.send_slots import SendSlots
from churn_assets.decisions.slots import send_slots, to_be_sent
from churn_assets.defs.snapshot_assets import Snapshot
from churn_assets.instance.calendar import CADENCE_DAYS
from churn_assets.warehouse.moments import moments_before


def slots_at(at: Snapshot, ledger: pl.DataFrame) -> pl.DataFrame:
    """Contract SendSlots; empty where decisions.send_slots is off."""
    settings = at.workplace.settings
    sent = to_be_sent(ledger)
    if settings.decisions.send_slots == "off" or sent.is_empty():
        return SendSlots.empty()
    moments = moments_before(at.workplace, at.date, sent["user_id"], settings.decisions.time_zone)
    return send_slots(sent, moments, settings.decisions, at.date, CADENCE_DAYS[settings.calendar.cadence])
