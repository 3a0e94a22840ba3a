"""What a plan may know of fatigue: since when each user rests, and what a message lost on users who had one lately."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import polars as pl

from churn_assets.contracts.fatigue_effects import FatigueEffects
from churn_assets.decisions.waiting import Fatigue, days_since_last, waited_days
from churn_assets.defs.interventions.hindered import resting_at
from churn_assets.defs.snapshot_assets import Snapshot
from churn_assets.effects.compared_users import compared_users
from churn_assets.effects.fatigue import fatigue_effects
from churn_assets.effects.known_users import known_users
from churn_assets.instance.calendar import CADENCE_DAYS
from churn_assets.stages import Stage
from churn_assets.warehouse.earlier_plans import Past
from churn_assets.warehouse.outcomes import outcomes_of
from churn_assets.warehouse.reads import contacts_before


def fatigue_at(at: Snapshot) -> tuple[Fatigue | None, pl.DataFrame]:
    """With the row of FatigueEffects it comes from; None and no row where decisions.waiting is off."""
    settings, decisions = at.workplace.settings, at.workplace.settings.decisions
    if decisions.waiting == "off":
        return None, FatigueEffects.empty()
    horizon_days, rest_days = settings.churn.horizon_days, decisions.rest_days
    assignments = Past.before(at.workplace, at.date).assignments
    known = known_users(
        compared_users(assignments, at.date, horizon_days).rows,
        outcomes_of(at.workplace, assignments, at.date, horizon_days),
        margin_share=decisions.margin_share,
    )
    first = known["assigned_at"].min()
    days = (at.date - first.date()).days if isinstance(first, datetime) else 0
    contacts = contacts_before(at.workplace, at.date, days + rest_days)
    row = fatigue_effects(known, contacts, rest_days=rest_days, snapshot=at.date)
    midnight = pl.lit(datetime.combine(at.date, time()))
    resting = resting_at(at.workplace, at.date, rest_days)
    last = days_since_last(resting.contacts, resting.meant, midnight)
    cadence_days = CADENCE_DAYS[settings.calendar.cadence]
    waited = waited_days(_plans_before(at, rest_days + cadence_days), at.date, cadence_days)
    return Fatigue(last, float(row["loss_amount"][0]), rest_days, cadence_days, horizon_days, waited), row


def _plans_before(at: Snapshot, days: int) -> list[tuple[date, pl.DataFrame]]:
    tables = at.workplace.tables
    snapshots = tables.snapshots_before(Stage.INTERVENTIONS, "decision_ledger", at.date)
    recent = [day for day in snapshots if day >= at.date - timedelta(days=days)]
    return [(day, tables.read(Stage.INTERVENTIONS, "decision_ledger", day)) for day in recent]
