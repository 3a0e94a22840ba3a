"""How far the data reach, where the calendar begins, and what of the past training needs but the mart does not hold."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from churn_assets.defs.calendar import START_FACT
from churn_assets.defs.dbt.built import built_snapshots
from churn_assets.defs.dbt.fingerprint import FINGERPRINT_FACT, fingerprint
from churn_assets.defs.home import Home
from churn_assets.defs.storage.record import Record
from churn_assets.defs.training.slices import slices_for
from churn_assets.defs.workplace import Workplace
from churn_assets.duck import duck
from churn_assets.landing.errors import LandingError
from churn_assets.stages import Stage

WAREHOUSE_STAGES = (Stage.STAGING, Stage.MARTS, Stage.FEATURES)


def orders_reach(home: Home) -> tuple[datetime, datetime]:
    """When the warehouse learned of the oldest and the newest order; one in a thousand may be older by mistake."""
    orders = home.landed().tables["orders"]
    with duck() as connection:
        row = connection.execute(
            f"select quantile_disc(known_at, 0.001), max(known_at) from {orders.scan} "
            "where refused_because is null and not is_replaced and known_at < ?",
            [orders.reading.now],
        ).fetchone()
    if row is None or row[0] is None:
        raise LandingError(
            f"no order in {home.landing} keeps the raw contract and was known before now; see churn check"
        )
    return row[0], row[1]


def settle_calendar(home: Home) -> None:
    """Pin the start of the calendar at the first run, where the settings leave it open."""
    record = Record(home.record)
    if home.settings.calendar.start is None and record.fact(START_FACT) is None:
        oldest = orders_reach(home)[0].date()
        cadence = home.settings.calendar.cadence
        days = {"daily": 0, "weekly": -oldest.weekday(), "monthly": 1 - oldest.day}[cadence]
        record.state_fact(START_FACT, (oldest + timedelta(days=days)).isoformat())


def missing_history(workplace: Workplace, days: Sequence[date]) -> list[date]:
    """Snapshots before the first of `days` that the mart must hold for training on `days`; all of a range, ascending.

    After a change of settings that are baked into the mart's rows, everything it held counts as missing.
    """
    built = set(built_snapshots(workplace))
    outdated: set[date] = set()
    if workplace.record.fact(FINGERPRINT_FACT) != fingerprint(workplace):
        built, outdated = set(), built
    oldest = orders_reach(workplace.home)[0].date()
    needed = {day for each in days for day in slices_for(workplace, each) if oldest < day < days[0]}
    missing = (needed | {day for day in outdated if day < days[0]}) - built
    return [day for day in workplace.calendar.between(min(missing), days[0]) if day < days[0]] if missing else []
