"""A window that begins before the data do is unknown: which windows that are, day by day, and nothing else changes."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from churn_assets.contracts.feature import Feature
from churn_assets.model.windows import days_needed, with_whole_windows

WINDOWS = (7, 28, 91, 182)
DAY = date(2026, 6, 1)


def feature(name: str, family: str = "orders") -> Feature:
    return Feature(name, family, "orders", None, "rhythm", False, False, name, name)


def frame_of(names: list[str], days: list[date]) -> pl.DataFrame:
    return pl.DataFrame(
        {"user_id": ["a"] * len(days), "snapshot_date": days} | {name: [1.5] * len(days) for name in names}
    )


def known(name: str, *, days_of_data: int, family: str = "orders", windows: tuple[int, ...] = WINDOWS) -> bool:
    """Whether the feature is known at DAY, where orders and events began so many days before."""
    start = DAY - timedelta(days=days_of_data)
    found = with_whole_windows(
        frame_of([name], [DAY]), [feature(name, family)], windows_days=windows,
        starts={"orders": start, "events": start},
    )  # fmt: skip
    return found[name][0] is not None


@pytest.mark.parametrize(
    ("name", "days"),
    [
        ("orders_7d", 7),
        ("orders_91d", 91),
        ("orders_182d", 182),
        ("orders_trend_7d", 28),
        ("orders_trend_91d", 182),
        ("orders_trend_182d", 182),  # there is no longer one
        ("orders_acceleration_7d", 91),
        ("orders_acceleration_28d", 182),
        ("orders_acceleration_91d", 182),
    ],
)
def test_a_window_a_trend_and_an_acceleration_are_known_once_their_days_are_there(name: str, days: int) -> None:
    assert days_needed(name, WINDOWS) == days
    assert known(name, days_of_data=days)
    assert not known(name, days_of_data=days - 1)


@pytest.mark.parametrize("name", ["recency_days", "orders_count", "orders_14d", "expected_purchases", "d7", "orders_7"])
def test_what_has_no_window_of_the_settings_is_never_unknown(name: str) -> None:
    assert days_needed(name, WINDOWS) is None
    assert known(name, days_of_data=0)


WINDOW_LISTS = st.sets(st.integers(1, 400), min_size=2, max_size=6).map(lambda found: tuple(sorted(found)))


@given(windows=WINDOW_LISTS, days=st.integers(0, 500), data=st.data())
def test_what_is_known_is_what_a_plain_loop_says(windows: tuple[int, ...], days: int, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(windows) - 1))
    measure, longer = data.draw(st.sampled_from([("", 0), ("trend_", 1), ("acceleration_", 2)]))
    needed = windows[place]
    for window in windows[place : place + longer + 1]:
        needed = window
    assert known(f"spent_{measure}{windows[place]}d", days_of_data=days, windows=windows) == (days >= needed)


@given(
    orders=st.none() | st.integers(0, 400), events=st.none() | st.integers(0, 400),
    family=st.sampled_from(["orders", "price", "returns", "rhythm", "browsing", "social"]),
    snapshots=st.lists(st.integers(-300, 300), min_size=1, max_size=5),
)  # fmt: skip
def test_each_family_goes_by_its_own_start_and_each_row_by_its_snapshot(
    orders: int | None, events: int | None, family: str, snapshots: list[int]
) -> None:
    starts = {
        name: None if days is None else DAY - timedelta(days=days)
        for name, days in (("orders", orders), ("events", events))
    }
    days = [DAY + timedelta(days=each) for each in snapshots]
    frame = frame_of(["x_28d", "x_182d", "recency_days"], days)
    described = [feature(name, family) for name in ("x_28d", "x_182d", "recency_days")]
    found = with_whole_windows(frame, described, windows_days=WINDOWS, starts=starts)
    start = starts["events" if family in ("browsing", "social") else "orders"]
    for name, needed in (("x_28d", 28), ("x_182d", 182)):
        expected = [1.5 if start is None or (day - start).days >= needed else None for day in days]
        assert found[name].to_list() == expected
    others = ["user_id", "snapshot_date", "recency_days"]
    assert_frame_equal(found.select(others), frame.select(others))
    assert found.schema == frame.schema


def test_a_trend_of_what_events_count_goes_by_the_events_too() -> None:
    """Its family is that of all trends; what it counts is that of the plain windows beside it."""
    features = [
        feature("views_28d", "browsing"), feature("views_trend_28d", "rhythm"),
        feature("orders_28d", "orders"), feature("orders_trend_28d", "rhythm"),
    ]  # fmt: skip
    names = [each.name for each in features]
    starts = {"orders": DAY - timedelta(days=900), "events": DAY - timedelta(days=90)}
    found = with_whole_windows(frame_of(names, [DAY]), features, windows_days=WINDOWS, starts=starts)
    assert found.select(names).row(0, named=True) == {
        "views_28d": 1.5, "views_trend_28d": None, "orders_28d": 1.5, "orders_trend_28d": 1.5,
    }  # fmt: skip


def test_without_a_start_nothing_is_changed() -> None:
    frame = frame_of(["orders_28d", "views_28d"], [DAY])
    found = with_whole_windows(
        frame, [feature("orders_28d"), feature("views_28d", "browsing")], windows_days=WINDOWS,
        starts={"orders": None, "events": None},
    )  # fmt: skip
    assert_frame_equal(found, frame)


def test_what_was_unknown_stays_unknown() -> None:
    frame = frame_of(["orders_28d"], [DAY]).with_columns(orders_28d=pl.lit(None, pl.Float64))
    starts = {"orders": DAY - timedelta(days=900), "events": None}
    found = with_whole_windows(frame, [feature("orders_28d")], windows_days=WINDOWS, starts=starts)
    assert_frame_equal(found, frame)
