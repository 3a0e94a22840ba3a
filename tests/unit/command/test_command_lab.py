"""The counts behind the definitions lab, from a warehouse of a few rows: four weekly slices, horizon of seven days."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from churn_assets.duck import duck
from churn_assets.warehouse.definition_counts import definitions_at
from churn_assets.workplace import Workplace

S1, S2, S3, S4 = (date(2026, 1, 5) + timedelta(days=7 * week) for week in range(4))
NOW = date(2026, 5, 4)
# User: per slice, left by inactivity; tier at that slice.
USERS = {
    "warned": ([False, False, True, True], ["small", "urgent", "urgent", "urgent"]),  # alarm at S2, churn at S3: 7 days
    "same_day": (
        [False, False, True, True],
        ["small", "small", "urgent", "urgent"],
    ),  # alarm at S3: 0 days
    "missed": ([False, True, True, True], ["small", "small", "urgent", "urgent"]),  # alarm only after churn
    "gone": ([True, True, True, True], ["urgent", "urgent", "urgent", "urgent"]),  # never seen to stay
    "stays": ([False, False, False, False], ["urgent", "small", "small", "small"]),
}
TABLES = """
create schema marts; create schema features; create schema scoring;
create table marts.dim_snapshots (snapshot_date date, matures_at timestamp);
create table marts.fct_orders (
  user_id varchar, ordered_at timestamp, is_purchase boolean, known_at timestamp, superseded_at timestamp);
create table features.churn_labels (
  user_id varchar, snapshot_date date, definition varchar, is_eligible boolean, is_churned boolean,
  matures_at timestamp, gap_days integer);
create table scoring.scored_users (user_id varchar, snapshot_date date, status varchar, risk_tier varchar);
"""


@pytest.fixture
def lab(workplace: Workplace) -> Workplace:
    end = datetime(2026, 2, 2)  # of the window of S4
    workplace.home.settings_file.write_text("churn: {horizon_days: 7}\ntraining: {slices: 20, slice_step_days: 7}\n")
    with duck(workplace.home.warehouse) as connection:
        connection.execute(TABLES)
        for number, day in enumerate((S1, S2, S3, S4)):
            matures_at = datetime(day.year, day.month, day.day) + timedelta(days=7)
            connection.execute("insert into marts.dim_snapshots values (?, ?)", [day, matures_at])
            for user, (left, tiers) in USERS.items():
                label = [user, day, "inactivity", True, left[number], matures_at, 0]
                connection.execute("insert into features.churn_labels values (?, ?, ?, ?, ?, ?, ?)", label)
                connection.execute(
                    "insert into scoring.scored_users values (?, ?, 'eligible', ?)", [user, day, tiers[number]]
                )
        for user, ordered_at, is_purchase, known_at in (
            ("warned", end + timedelta(days=3), True, end + timedelta(days=3)),
            ("gone", end + timedelta(days=5), False, end + timedelta(days=5)),  # cancelled
            ("missed", end + timedelta(days=5), True, datetime(2026, 5, 4)),  # known exactly at NOW
        ):
            connection.execute(
                "insert into marts.fct_orders values (?, ?, ?, ?, null)", [user, ordered_at, is_purchase, known_at]
            )
    return workplace


def told(frame: pl.DataFrame, **which: Any) -> tuple[int, float | None]:
    users, value = frame.filter(**which).select("users", "value").row(0)
    return users, value


def test_lead_time_from_the_first_urgent_tier_to_the_window_in_which_a_user_left(lab: Workplace) -> None:
    frame = definitions_at(lab, NOW)
    assert told(frame, measure="warned_share") == (3, pytest.approx(2 / 3))
    assert told(frame, measure="lead_median_days") == (2, 0)


def test_who_came_back_as_known_at_the_snapshot(lab: Workplace) -> None:
    """Left: one at S1, two at S2, four at S3 and at S4; the order of `warned` comes 3 days after S4's window."""
    frame = definitions_at(lab, NOW)
    assert told(frame, measure="base_rate", slice_date=S4) == (5, 0.8)
    assert told(frame, measure="back_within_28d_share") == (11, pytest.approx(2 / 11))
    assert told(frame, measure="back_median_days") == (2, 3)


def test_labels_and_orders_after_the_snapshot_are_not_seen(lab: Workplace) -> None:
    frame = definitions_at(lab, S3)
    assert frame.filter(measure="base_rate")["slice_date"].to_list() == [S1, S2]
    assert told(frame, measure="back_within_28d_share") == (0, None)
    assert told(frame, measure="warned_share") == (1, 0.0)


def test_without_scored_snapshots_lead_time_is_unknown(lab: Workplace) -> None:
    with duck(lab.home.warehouse) as connection:
        connection.execute("drop schema scoring cascade")
    assert told(definitions_at(lab, NOW), measure="warned_share") == (0, None)
