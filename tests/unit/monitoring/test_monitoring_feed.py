"""The newest days of a table against its own past: faults that must be found, and what is no fault."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from pandera.errors import SchemaErrors
from polars.testing import assert_frame_equal

from churn_assets.monitoring.feed import HISTORY_DAYS, SILENT_DAYS, judge, sentence
from churn_assets.monitoring.feed_history import FeedCounts
from tests.unit.monitoring.feeds import NONE, START, D, feed, last, state, verdict


@pytest.mark.parametrize(
    ("days", "share", "first_day", "rows", "expected"),
    [
        (1, 0.0, date(2026, 11, 15), 0, 100),
        (2, 0.0, date(2026, 11, 14), 0, 200),
        (3, 0.0, date(2026, 11, 13), 0, 300),
        (5, 0.0, date(2026, 11, 11), 0, 500),
        (7, 0.0, date(2026, 11, 9), 0, 700),
        (1, 0.1, date(2026, 11, 15), 10, 100),
        (3, 0.1, date(2026, 11, 13), 30, 300),
        (7, 0.1, date(2026, 11, 9), 70, 700),
        (7, 0.5, date(2026, 11, 9), 350, 700),
    ],
)
def test_a_fault_is_found_with_its_days_and_rows(
    days: int, share: float, first_day: date, rows: int, expected: int
) -> None:
    found = verdict(feed(last(days, share)))

    assert (found.state, found.first_day, found.last_day) == ("broken", first_day, date(2026, 11, 15))
    assert (found.rows, found.expected_rows) == (rows, pytest.approx(expected))


@pytest.mark.parametrize("days", [1, 2, 3, 7])
def test_a_table_as_ever_is_whole_and_a_bad_day_is_no_fault(days: int) -> None:
    assert state(feed(last(0, 1.0))) == "whole"
    assert state(feed(last(days, 0.72))) == "whole"
    assert state(feed(last(1, 0.3))) == "whole", "a single cold day"


def test_chance_is_no_fault() -> None:
    """100 rows a day and 3 rows a day, drawn: 150 Mondays without an alarm."""
    for usual in (100, 3):
        draw = np.random.default_rng(usual)
        counts = feed(lambda _, u=usual, r=draw: r.poisson(u), start=D - timedelta(weeks=90))
        found = [state(counts, D - timedelta(weeks=week)) for week in range(75)]
        assert set(found) == {"whole"}


def test_three_orders_a_day_prove_nothing_but_a_week_without_any_does() -> None:
    assert state(feed(last(1, 0.0, usual=3))) == "whole"
    assert state(feed(last(3, 0.0, usual=3))) == "whole"
    assert state(feed(last(7, 0.0, usual=3))) == "broken"
    assert state(feed(last(7, 0.5, usual=3))) == "whole"


def test_rows_that_come_in_clusters_prove_less() -> None:
    """40 rows a day of 20 users, or of one: the one may stay at home."""
    assert state(feed(last(1, 0.0, usual=40), cluster=2)) == "broken"
    assert state(feed(last(1, 0.0, usual=40), cluster=40)) != "broken"


def test_nothing_is_judged_before_there_is_history() -> None:
    start = D - timedelta(days=HISTORY_DAYS - 1)
    early = verdict(feed(last(7, 0.0), start=start))

    assert (early.state, early.note) == ("unjudged", "62 days of history, 63 needed")
    assert state(feed(last(7, 0.0), start=start - timedelta(days=1))) == "broken"
    assert verdict(feed(last(0, 1.0)), START).note == "no rows yet"
    for week in range(1, 30):
        young = feed(lambda day: 5 * (1 + (day - START).days), until=START + timedelta(weeks=week))
        assert state(young, START + timedelta(weeks=week)) != "broken", "a shop that has just opened"


@pytest.mark.parametrize("weeks", [2, 3, 6, 8])
def test_a_table_that_fell_silent_weeks_ago_is_broken(weeks: int) -> None:
    found = verdict(feed(last(0, 1.0), until=D - timedelta(weeks=weeks)))

    assert (found.state, found.rows, found.expected_rows) == ("broken", 0, pytest.approx(700 * weeks))
    assert (found.first_day, found.last_day) == (D - timedelta(weeks=weeks), D - timedelta(days=1))


def test_a_table_silent_for_long_counts_as_ended_unless_everything_rests_on_it() -> None:
    ended = feed(last(0, 1.0), until=D - timedelta(days=SILENT_DAYS + 1))

    assert verdict(ended).note == "no rows since 2026-09-20, more than 56 days: taken as ended"
    assert state(ended, vital=("orders",)) == "broken"


def test_what_was_always_uneven_is_not_judged() -> None:
    """Mailings every other week."""
    found = verdict(feed(lambda day: 500 if (D - day).days % 14 == 8 else 0))

    assert (found.state, found.note) == ("unjudged", "too few rows, or too uneven, for any window to tell")


def test_a_snapshot_is_judged_by_what_was_known_then() -> None:
    """Three days were missing at D and came four days later: D stays broken, the next snapshot is whole."""
    late = pl.col("event_date").is_between(D - timedelta(days=3), D - timedelta(days=1))
    counts = feed(last(0, 1.0), until=D + timedelta(days=7)).with_columns(
        known_date=pl.when(late).then(D + timedelta(days=3)).otherwise("known_date")
    )

    assert state(counts) == "broken"
    assert state(counts, D + timedelta(days=7)) == "whole"
    assert verdict(counts) == verdict(counts.filter(pl.col("known_date") < D)), "nothing looks ahead"


def test_a_month_is_looked_at_week_by_week() -> None:
    """Third week before D at a fifth; a weekly calendar has found it long ago, a monthly one has not."""
    hole = {D - timedelta(days=day) for day in range(15, 22)}
    counts = feed(lambda day: 20 if day in hole else 100)

    assert state(counts, previous=D - timedelta(days=7)) == "whole"
    found = verdict(counts, previous=D - timedelta(days=31))
    assert (found.state, found.first_day, found.last_day) == ("broken", min(hole), max(hole))


def test_the_order_of_rows_does_not_matter_and_tables_are_judged_each_by_itself() -> None:
    orders, events = feed(last(2, 0.0)), feed(last(0, 1.0), table="events")
    both = pl.concat([orders, events])
    found = judge(both, D, D - timedelta(days=7), closed=NONE, vital=())

    assert {table: each.state for table, each in found.items()} == {"events": "whole", "orders": "broken"}
    assert judge(both.reverse(), D, D - timedelta(days=7), closed=NONE, vital=()) == found
    assert_frame_equal(both, pl.concat([orders, events]))


@pytest.mark.parametrize(("column", "value"), [("rows", 0), ("table", ""), ("returning_rows", -1)])
def test_malformed_counts_are_refused(column: str, value: object) -> None:
    good = feed(last(0, 1.0))
    FeedCounts.validate(good, lazy=True)

    with pytest.raises(SchemaErrors):
        judge(good.with_columns(pl.lit(value).alias(column)), D, START, closed=NONE, vital=())


def test_the_sentence_says_what_is_missing_and_what_to_do() -> None:
    found = verdict(feed(last(3, 0.0), table="events"))

    assert sentence(found, D, is_vital=False) == (
        "events has 0 rows from 2026-11-13 to 2026-11-15 where about 300 were expected from its own history: deliver "
        "the missing rows and run again (what has an ingested_at of 2026-11-16 or later counts from the next snapshot "
        "on), or, if nothing came because you were closed, set landing.closed_dates: "
        "[{from: 2026-11-13, to: 2026-11-15, tables: [events]}]"
    )
    one = sentence(verdict(feed(last(1, 0.0))), D, is_vital=True)
    assert "orders has 0 rows on 2026-11-15 where about 100" in one
    assert one.endswith("landing.closed_dates: [{from: 2026-11-15, to: 2026-11-15}]")
