"""Properties of the calendar: a partition is a boundary that exists from its date on, and dbt counts the same way."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from itertools import pairwise
from types import SimpleNamespace

import jinja2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from churn_assets.duck import duck
from churn_assets.instance.calendar import START_FACT, CalendarError, SnapshotCalendar
from churn_assets.instance.home import Home
from churn_assets.instance.record.store import Record
from churn_assets.warehouse.project import PROJECT

TICK = timedelta(microseconds=1)
# A monthly calendar keeps its day of the month, which has to exist in February too.
STARTS = st.dates(date(2024, 1, 1), date(2025, 6, 30)).filter(lambda day: day.day <= 28)
CALENDARS = st.builds(SnapshotCalendar, STARTS, st.sampled_from(["daily", "weekly", "monthly"]))
BOUNDS = st.integers(0, 12)


def midnight(day: date) -> datetime:
    return datetime.combine(day, time())


def dates_around(calendar: SnapshotCalendar) -> list[date]:
    return calendar.dates(midnight(calendar.start + timedelta(days=400)))


@given(CALENDARS)
def test_snapshots_begin_at_the_start_and_keep_their_distance(calendar: SnapshotCalendar) -> None:
    dates = dates_around(calendar)
    steps = {(later - earlier).days for earlier, later in pairwise(dates)}
    assert dates[0] == calendar.start
    if calendar.cadence == "monthly":
        assert {day.day for day in dates} == {calendar.start.day}
        assert steps <= {28, 29, 30, 31}
    else:
        assert steps == {1 if calendar.cadence == "daily" else 7}


# From the second one on: Dagster offers the first one step early, so that a calendar about to begin shows something.
@given(CALENDARS, st.integers(1, 12))
def test_a_snapshot_exists_from_its_date_on_and_not_a_microsecond_earlier(calendar: SnapshotCalendar, at: int) -> None:
    day = dates_around(calendar)[at]
    assert calendar.dates(midnight(day))[-1] == day
    assert day not in calendar.dates(midnight(day) - TICK)
    assert len(calendar.dates(midnight(day))) == at + 1


@given(CALENDARS, BOUNDS, st.timedeltas(timedelta(0), timedelta(days=1) - TICK))
def test_first_at_or_after_has_seen_everything_before_the_moment(
    calendar: SnapshotCalendar, at: int, later: timedelta
) -> None:
    moment = midnight(dates_around(calendar)[at]) + later
    found = calendar.first_at_or_after(moment)
    assert midnight(found) >= moment
    assert midnight(calendar.previous(found).date()) < moment
    assert (found == moment.date()) == (later == timedelta(0))


def test_first_at_or_after_never_gives_a_snapshot_that_has_not_come() -> None:
    calendar = SnapshotCalendar(date(2024, 1, 1), "weekly")
    assert calendar.first_at_or_after(datetime(2999, 1, 1)) == calendar.dates()[-1]


@given(CALENDARS, BOUNDS)
def test_a_window_begins_where_the_one_before_ends(calendar: SnapshotCalendar, at: int) -> None:
    dates = dates_around(calendar)
    expected = midnight(dates[at - 1] if at else date.min)
    assert calendar.previous(dates[at]) == expected


@given(CALENDARS, BOUNDS, BOUNDS)
def test_between_includes_both_ends(calendar: SnapshotCalendar, first: int, last: int) -> None:
    dates = dates_around(calendar)
    assert calendar.between(dates[first], dates[last]) == dates[first : last + 1]


@given(CALENDARS, st.integers(-10, 390))
def test_newest_at_or_before(calendar: SnapshotCalendar, days: int) -> None:
    day = calendar.start + timedelta(days=days)
    earlier = [found for found in dates_around(calendar) if found <= day]
    assert calendar.newest_at_or_before(day) == (earlier[-1] if earlier else None)


@pytest.mark.parametrize(
    ("day", "near"),
    [
        (date(2024, 1, 10), "near it: 2024-01-08, 2024-01-15 "),
        (date(2023, 12, 31), "near it: 2024-01-01 "),
        (date(2999, 1, 1), f"near it: {SnapshotCalendar(date(2024, 1, 1), 'weekly').dates()[-1]} "),
    ],
)
def test_a_date_that_is_no_snapshot_is_told_with_its_neighbours(day: date, near: str) -> None:
    calendar = SnapshotCalendar(date(2024, 1, 1), "weekly")
    with pytest.raises(CalendarError, match=f"{day} is no snapshot of the weekly calendar from 2024-01-01; {near}"):
        calendar.snapshot(day)
    assert calendar.snapshot(date(2024, 1, 8)) == date(2024, 1, 8)


def test_a_calendar_of_the_future_says_so() -> None:
    calendar = SnapshotCalendar(date(2999, 1, 1), "daily")
    with pytest.raises(CalendarError, match="the calendar begins in the future"):
        calendar.snapshot(date(2999, 1, 1))
    with pytest.raises(CalendarError, match="has no snapshot yet"):
        calendar.first_at_or_after(datetime(2026, 1, 1))


def test_the_calendar_of_a_home_is_set_else_pinned_else_the_default(home: Home) -> None:
    assert SnapshotCalendar.of(home) == SnapshotCalendar(date(2024, 1, 1), "weekly")
    Record(home.record).state_fact(START_FACT, "2025-03-03")
    assert SnapshotCalendar.of(home) == SnapshotCalendar(date(2025, 3, 3), "weekly")
    home.settings_file.write_text("calendar: {start: 2025-06-01, cadence: monthly}")
    assert SnapshotCalendar.of(Home(home.root)) == SnapshotCalendar(date(2025, 6, 1), "monthly")


def first_snapshot_after(column: str, calendar: SnapshotCalendar) -> str:
    """The dbt macro, rendered."""
    variables = {"calendar": SimpleNamespace(start=calendar.start.isoformat(), cadence=calendar.cadence)}
    template = jinja2.Environment().from_string((PROJECT / "macros" / "time.sql").read_text())  # noqa: S701 - SQL
    module = template.make_module({"run_var": variables.__getitem__, "return": lambda value: value})
    return str(module.default__first_snapshot_after(column))  # type: ignore[attr-defined]


STARTS_OF_ALL_KINDS = [
    *[SnapshotCalendar(date(2023, 5, 17), "daily")],
    *[SnapshotCalendar(date(2023, 5, 15) + timedelta(days=day), "weekly") for day in range(7)],
    *[SnapshotCalendar(date(2023, 1, day), "monthly") for day in (1, 2, 15, 27, 28)],
]


@pytest.mark.parametrize("calendar", STARTS_OF_ALL_KINDS, ids=lambda found: f"{found.cadence} from {found.start}")
def test_dbt_lets_a_row_count_from_the_first_boundary_strictly_after_it_became_known(
    calendar: SnapshotCalendar,
) -> None:
    """For each of 800 days (a leap year among them): its first and last microsecond, and noon."""
    sql = f"""
        select known_at, {first_snapshot_after("known_at", calendar)} as counts_from
        from (select day + part as known_at
              from (select unnest(range(timestamp '2023-05-30', timestamp '2025-08-01', interval 1 day)) as day),
                   (select unnest([interval 0 second, interval 12 hour, interval 86399999999 microsecond]) as part))
    """
    with duck() as connection:
        rows = connection.execute(sql).fetchall()
    boundaries = calendar.dates(datetime(2025, 12, 1))
    wrong = [row for row in rows if row[1] != next(day for day in boundaries if midnight(day) > row[0])]
    assert len(rows) > 2000
    assert wrong == []
