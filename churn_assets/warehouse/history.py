"""The start of the calendar, and the past snapshots that a run needs and the mart lacks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from churn_assets.instance.calendar import START_FACT
from churn_assets.instance.home import Home
from churn_assets.instance.record.store import Record
from churn_assets.landing.of_home import orders_reach
from churn_assets.stages import Stage
from churn_assets.warehouse.built import built_snapshots
from churn_assets.warehouse.fingerprint import FINGERPRINT_FACT, fingerprint
from churn_assets.warehouse.slices import slices_for
from churn_assets.workplace import Workplace


def settle_calendar(home: Home) -> None:
    """Pin the start of the calendar at the first run, where the settings leave it open."""
    record = Record(home.record)
    if home.settings.calendar.start is None and record.fact(START_FACT) is None:
        oldest = orders_reach(home)[0].date()
        cadence = home.settings.calendar.cadence
        days = {"daily": 0, "weekly": -oldest.weekday(), "monthly": 1 - oldest.day}[cadence]
        record.state_fact(START_FACT, (oldest + timedelta(days=days)).isoformat())


def missing_history(workplace: Workplace, days: Sequence[date]) -> list[date]:
    """Snapshots before the first of `days` that training on `days` reads, or that have scores, and the mart does not
    hold, ascending.

    Of 33 weeks that training reaches back it reads 9. After a change of the fingerprint, every snapshot of the mart
    counts as missing. Scored snapshots are among the missing ones where the warehouse was lost: drift and effects by
    group compare with them, and would say less without a word (seen 2026-11-30, 45 groups of 225).
    """
    built = set(built_snapshots(workplace))
    outdated: set[date] = set()
    if workplace.record.fact(FINGERPRINT_FACT) != fingerprint(workplace):
        built, outdated = set(), built
    oldest = orders_reach(workplace.home)[0].date()
    needed = {day for each in days for day in slices_for(workplace, each)} | outdated
    needed |= _scored(workplace)
    return sorted({day for day in needed if oldest < day < days[0]} - built)


def without_profiles(workplace: Workplace, days: Sequence[date]) -> list[date]:
    """Those of `days` that have scores and no user profiles, ascending."""
    has = set()
    if workplace.warehouse.has("marts", "dim_user_profiles"):
        rows = workplace.warehouse.query("select distinct snapshot_date from marts.dim_user_profiles")
        has = set(rows["snapshot_date"])
    return sorted(_scored(workplace) & set(days) - has)


def _scored(workplace: Workplace) -> set[date]:
    return {partition.snapshot for partition in workplace.record.partitions(Stage.SCORING, "scored_users")}
