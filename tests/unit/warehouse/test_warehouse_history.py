"""How far the orders reach, where the calendar begins, and what a training set still needs of the past."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from churn_assets.instance.calendar import START_FACT, SnapshotCalendar
from churn_assets.instance.home import Home
from churn_assets.instance.record.store import Record
from churn_assets.landing.errors import LandingError
from churn_assets.landing.of_home import orders_reach
from churn_assets.stages import Stage
from churn_assets.warehouse.history import missing_history, settle_calendar
from churn_assets.workplace import Workplace

WEDNESDAY = datetime(2025, 1, 15, 12)


def land_orders(home: Home, ordered: list[datetime], ingested: list[datetime | None] | None = None) -> None:
    folder = Path(home.landing) / "orders"
    folder.mkdir(parents=True, exist_ok=True)
    frame = pl.DataFrame({"ordered_at": ordered}).with_columns(
        order_id=pl.int_range(pl.len()), user_id=pl.lit("u1"), amount=pl.lit(1.0)
    )
    if ingested:
        frame = frame.with_columns(ingested_at=pl.Series(ingested, dtype=pl.Datetime))
    frame.write_parquet(folder / "orders.parquet")


def set_up(home: Home, text: str) -> Home:
    home.settings_file.write_text(text)
    return Home(home.root)


def test_orders_reach_by_the_time_they_became_known(home: Home) -> None:
    later = WEDNESDAY + timedelta(days=30)
    land_orders(home, [WEDNESDAY, WEDNESDAY], [WEDNESDAY + timedelta(days=1), None])
    assert orders_reach(home) == (WEDNESDAY, WEDNESDAY + timedelta(days=1))
    land_orders(home, [WEDNESDAY, later])
    assert orders_reach(home) == (WEDNESDAY, later)


def test_one_order_in_a_thousand_may_be_older_by_mistake_or_of_the_future(home: Home) -> None:
    land_orders(home, [datetime(1970, 1, 1), *[WEDNESDAY] * 1200, datetime(2999, 1, 1)])
    assert orders_reach(home) == (WEDNESDAY, WEDNESDAY)


def test_orders_without_a_readable_time_are_told(home: Home) -> None:
    land_orders(home, [datetime(2999, 1, 1)])
    with pytest.raises(
        LandingError, match=r"no order in .* keeps the raw contract and was known before now; see churn check"
    ):
        orders_reach(home)


@pytest.mark.parametrize(
    ("cadence", "start"), [("daily", date(2025, 1, 15)), ("weekly", date(2025, 1, 13)), ("monthly", date(2025, 1, 1))]
)
def test_the_calendar_begins_at_the_boundary_before_the_oldest_order(home: Home, cadence: str, start: date) -> None:
    home = set_up(home, f"calendar: {{cadence: {cadence}}}")
    land_orders(home, [WEDNESDAY])
    settle_calendar(home)
    assert SnapshotCalendar.of(home) == SnapshotCalendar(start, cadence)


def test_the_start_is_pinned_once_and_older_orders_do_not_move_it(home: Home) -> None:
    land_orders(home, [WEDNESDAY])
    settle_calendar(home)
    land_orders(home, [WEDNESDAY - timedelta(days=365)])
    settle_calendar(home)
    assert SnapshotCalendar.of(home).start == date(2025, 1, 13)


def test_snapshots_with_scores_come_back_where_the_warehouse_was_lost(workplace: Workplace) -> None:
    home = set_up(workplace.home, "training: {slices: 1}")
    land_orders(home, [WEDNESDAY + timedelta(days=day) for day in range(80)])
    settle_calendar(home)
    workplace = Workplace(home_path=str(home.root))
    before = missing_history(workplace, [date(2025, 3, 31)])
    scored = [date(2025, 3, 17), date(2025, 3, 24), date(2025, 4, 7)]
    assert not {*scored} & {*before}
    for day in scored:
        workplace.tables.publish(Stage.SCORING, "scored_users", day, pl.DataFrame({"user_id": ["u"]}))
    assert missing_history(workplace, [date(2025, 3, 31)]) == sorted([*before, *scored[:2]]), (
        "later ones are not history"
    )


def test_a_start_that_is_set_needs_no_orders_and_pins_nothing(home: Home) -> None:
    home = set_up(home, "calendar: {start: 2024-05-01}")
    settle_calendar(home)
    assert Record(home.record).fact(START_FACT) is None
    assert SnapshotCalendar.of(home).start == date(2024, 5, 1)


def test_an_empty_mart_misses_everything_the_training_slices_reach(home: Home) -> None:
    home = set_up(home, "training: {slices: 2, slice_step_days: 28}")
    land_orders(home, [WEDNESDAY, datetime(2026, 1, 5)])
    settle_calendar(home)
    day = date(2025, 6, 2)
    missing = missing_history(Workplace(home_path=str(home.root)), [day])
    matured = day - timedelta(days=28)
    assert missing == [matured - timedelta(days=28), matured], "the two slices and nothing between them"


def test_nothing_is_missing_before_the_oldest_order(home: Home) -> None:
    land_orders(home, [WEDNESDAY])
    settle_calendar(home)
    workplace = Workplace(home_path=str(home.root))
    assert missing_history(workplace, [date(2025, 1, 20)]) == []
    assert missing_history(workplace, [date(2025, 3, 3)])[0] > WEDNESDAY.date()
