"""The check of the newest rows in a run: what stops, what is told, what is counted, and when the newest row came."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from churn_assets.contracts.raw import raw_contract
from churn_assets.defs.history import history_tag
from churn_assets.defs.raw.observe import observations
from churn_assets.defs.staging.feed import newest_rows_have_arrived
from churn_assets.instance.home import Home
from churn_assets.landing.inspect import inspect
from churn_assets.monitoring.feed_history import FeedCounts
from churn_assets.warehouse.arrivals import feed_counts, newest_known
from churn_assets.workplace import Workplace

Run = Callable[..., Any]
WEEKS = [date(2024, 6, 10), date(2024, 6, 17), date(2024, 6, 24)]
DAY = WEEKS[-1]
START = date(2024, 1, 1)
EVENTS = {table.name: table.event_time for table in raw_contract() if table.event_time}
# 30 orders a day, two lines each, by users who come again and again; known two hours later.
ORDERS = f"""
create table staging.stg_orders as
select 'o' || n as order_id, 'u' || n % 400 as user_id, moment as ordered_at, moment + interval 2 hour as known_at
from (
  select n, timestamp '{START}' + n * interval 48 minute as moment from range({30 * (DAY - START).days}) as numbers (n)
)
"""


@pytest.fixture(autouse=True)
def staged(execute: Run) -> None:
    """Orders and their lines; eight more tables, empty."""
    empty = [
        f"create table staging.stg_{name} (user_id varchar, {event} timestamp, known_at timestamp)"
        for name, event in EVENTS.items()
        if name != "orders"
    ]
    execute(
        "create schema staging", "create schema marts",
        f"create table marts.dim_snapshots as select date '{DAY}' as snapshot_date",
        ORDERS,
        """create table staging.stg_order_items as
        select order_id, product, timestamp '1900-01-01' as known_at
        from staging.stg_orders, (values ('p1'), ('p2')) as products (product)""",
        "create table staging.stg_products (product_id varchar, known_at timestamp)",
        "create table staging.stg_coupon_codes (code varchar, known_at timestamp)",
        *empty,
    )  # fmt: skip


def lose(first: date, days: int) -> str:
    return f"""
    delete from staging.stg_orders
    where ordered_at >= date '{first}' and ordered_at < date '{first + timedelta(days=days)}'
    """


def test_a_feed_as_ever_stops_nothing(run_check: Run) -> None:
    told = run_check(newest_rows_have_arrived, DAY)

    assert told.failed == []
    assert told.is_followed
    assert len(told.checks) == len(raw_contract())
    assert told.figures("staging/stg_orders") == {"snapshot date": str(DAY), "verdict": "whole"}
    assert told.figures("staging/stg_events") == {
        "snapshot date": str(DAY), "verdict": "unjudged", "why": "no rows yet",
    }  # fmt: skip


def test_missing_days_stop_what_follows_with_one_sentence(execute: Run, run_check: Run) -> None:
    execute(lose(date(2024, 6, 22), 2))
    told = run_check(newest_rows_have_arrived, DAY)

    assert told.failed == ["staging/stg_order_items", "staging/stg_orders"]
    assert not told.is_followed
    (orders,) = [check for check in told.checks if check.asset_key.path[-1] == "stg_orders"]
    assert orders.description.startswith(
        "orders has 0 rows from 2024-06-22 to 2024-06-23 where about 58 were expected from its own history"
    ), "two hours of them are never known at a snapshot"
    assert told.figures("staging/stg_orders") == {
        "snapshot date": str(DAY), "verdict": "broken", "rows": 0, "rows expected": 58, "snapshots broken": str(DAY),
    }  # fmt: skip


def test_what_the_shop_says_of_closed_days_is_believed(execute: Run, run_check: Run, home: Home) -> None:
    execute(lose(date(2024, 6, 22), 2))
    home.settings_file.write_text("landing: {closed_dates: [{from: 2024-06-22, to: 2024-06-23}]}\n")

    assert run_check(newest_rows_have_arrived, DAY).failed == []


def test_a_closed_day_of_one_table_is_none_of_another(execute: Run, run_check: Run, home: Home) -> None:
    execute(lose(date(2024, 6, 22), 2))
    home.settings_file.write_text(
        "landing: {closed_dates: [{from: 2024-06-22, to: 2024-06-23, tables: [order_items]}]}\n"
    )

    assert run_check(newest_rows_have_arrived, DAY).failed == ["staging/stg_orders"]


def test_of_a_backfill_every_snapshot_is_judged_by_its_own_time(execute: Run, run_check: Run) -> None:
    """The middle one is broken; what came in the week after does not mend it."""
    execute(
        f"""update staging.stg_orders set known_at = timestamp '{WEEKS[1]} 09:00'
        where ordered_at >= date '{WEEKS[1]}' - 3 and ordered_at < date '{WEEKS[1]}'"""
    )
    told = run_check(newest_rows_have_arrived, *WEEKS)

    assert not told.is_followed
    figures = told.figures("staging/stg_orders")
    assert (figures["snapshot date"], figures["snapshots broken"]) == (str(WEEKS[1]), str(WEEKS[1]))
    assert run_check(newest_rows_have_arrived, WEEKS[0]).is_followed
    assert run_check(newest_rows_have_arrived, DAY).is_followed


def test_history_that_is_made_for_training_is_not_judged(execute: Run, run_check: Run) -> None:
    """The first snapshot is broken, and can no longer be mended."""
    execute(
        f"""update staging.stg_orders set known_at = timestamp '{WEEKS[0]} 09:00'
        where ordered_at >= date '{WEEKS[0]}' - 3 and ordered_at < date '{WEEKS[0]}'"""
    )
    assert run_check(newest_rows_have_arrived, *WEEKS[1:], tags=history_tag(WEEKS[:1])).is_followed
    assert not run_check(newest_rows_have_arrived, *WEEKS).is_followed


def test_rows_are_counted_by_day_and_known_day(execute: Run, workplace: Workplace) -> None:
    execute(
        "delete from staging.stg_orders", "delete from staging.stg_order_items",
        """insert into staging.stg_orders values
        ('o1', 'anna', '2024-05-01 10:00', '2024-05-01 12:00'), ('o2', 'anna', '2024-05-28 23:59', '2024-05-29 00:01'),
        ('o3', 'anna', '2024-05-29 00:01', '2024-05-29 00:02'), ('o3', 'anna', '2024-05-29 00:01', '2024-05-29 08:00'),
        ('o4', 'bert', '2024-05-29 10:00', '2024-05-29 10:00'), ('o5', 'bert', '2024-06-25 10:00', '2024-05-01 00:00'),
        ('o6', 'bert', '2024-05-01 10:00', '2024-06-24 00:00'), ('o7', 'cleo', '2024-05-01 10:00', '2024-05-30 00:00'),
        ('o8', 'cleo', '2024-06-10 10:00', '2024-06-10 10:00')""",
        """insert into staging.stg_order_items values
        ('o1', 'p1', '1900-01-01'), ('o1', 'p2', '2024-05-03'), ('unknown', 'p1', '2024-05-03')""",
    )  # fmt: skip
    counts = feed_counts(workplace, DAY)
    FeedCounts.validate(counts, lazy=True)

    def cells(table: str) -> set[tuple[Any, ...]]:
        return {
            (str(event), str(known), *numbers)
            for _, event, known, *numbers in counts.filter(table=table).iter_rows()
        }  # fmt: skip

    assert cells("orders") == {
        ("2024-05-01", "2024-05-01", 1, 1, 0, 0),
        ("2024-05-28", "2024-05-29", 1, 1, 0, 0),  # 27 days after anna's first
        (
            "2024-05-29",
            "2024-05-29",
            3,
            5,
            2,
            4,
        ),  # anna twice, who had been there 28 days before; bert for the first time
        ("2024-05-01", "2024-05-30", 1, 1, 0, 0),
        ("2024-06-10", "2024-06-10", 1, 1, 1, 1),
    }, "neither what happens at D or later nor what becomes known then"
    assert cells("order_items") == {
        ("2024-05-01", "2024-05-01", 1, 1, 0, 0), ("2024-05-01", "2024-05-03", 1, 1, 0, 0),
    }, "by the order's time and user"  # fmt: skip


def test_restated_every_row_is_known_when_it_happens(execute: Run, workplace: Workplace, home: Home) -> None:
    execute(f"update staging.stg_orders set known_at = timestamp '{DAY} 09:00' where ordered_at >= date '{DAY}' - 5")
    home.settings_file.write_text("landing: {restated: true}\n")

    assert feed_counts(workplace, DAY).filter(table="orders")["rows"].sum() == 30 * (DAY - START).days


def test_freshness_is_when_the_newest_row_became_known(
    execute: Run, workplace: Workplace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """An old event that came today is fresh, a file that was copied today is not."""
    execute(
        "insert into staging.stg_events values ('anna', '2024-01-05', '2024-06-23 21:30'), "
        "('anna', '2024-06-01', '2024-06-24 00:00')",
        "insert into staging.stg_users values ('anna', null, timestamp '1900-01-01')",
    )
    newest = newest_known(workplace, DAY)
    assert newest["events"] == datetime(2024, 6, 23, 21, 30), "what becomes known at the snapshot is not seen by it"
    assert newest["orders"] == datetime(2024, 6, 23, 23, 36), "of 21:36, two hours later"
    assert "users" not in newest

    for name, text in {
        "events": "user_id,event_type,occurred_at\nanna,view,2024-01-05\n",
        "orders": "order_id,user_id,ordered_at,amount\no1,anna,2024-01-05,10\n",
        "users": "user_id\nanna\n",
    }.items():
        file = tmp_path / "landing" / name / "1.csv"
        file.parent.mkdir(parents=True)
        file.write_text(text)
        os.utime(file, (datetime(2024, 6, 30, tzinfo=UTC).timestamp(),) * 2)
    landed = inspect(str(tmp_path / "landing"))
    monkeypatch.setattr(Workplace, "landing", lambda _: landed)
    told = {each.asset_key.path[-1]: each.metadata for each in observations(workplace, DAY)}
    assert told["events"]["newest known at"] == dg.MetadataValue.timestamp(datetime.fromisoformat("2024-06-23T21:30Z"))
    assert told["events"]["dagster/last_updated_timestamp"] == told["events"]["newest known at"]
    assert told["events"]["age at the snapshot (hours)"].value == 2.5
    assert told["users"]["newest known at"].value == "unknown: no row says when it became known"
    assert "dagster/last_updated_timestamp" not in told["users"]
