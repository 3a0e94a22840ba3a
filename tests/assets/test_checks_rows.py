"""No row is lost, and the quarantine is small: all tables with the same deliveries, and planted ones that violate."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import dagster as dg
import pytest

from churn_assets.contracts.raw import raw_contract
from churn_assets.defs.marts.checks import no_row_is_lost
from churn_assets.defs.plain import rounded
from churn_assets.defs.staging.checks import quarantine_is_small, values_are_read
from churn_assets.warehouse.rows import mart_of

WEEKS = [date(2024, 6, 3), date(2024, 6, 10), date(2024, 6, 17)]
DAY = WEEKS[-1]
Run = Callable[..., Any]

# id, version, day on which it became known, is broken. Of the ten rows of each table 5 are kept, 2 replaced (one
# repeat, one superseded version), 1 is refused, 2 are not yet known.
DELIVERIES = [
    ("a", 1, 1, False), ("a", 1, 1, False), ("b", 1, 1, False), ("b", 2, 2, False), ("c", 1, 3, False),
    ("d", 1, 4, False), ("e", 1, 5, False), ("f", 1, 6, True), ("g", 1, 90, False), ("e", 2, 91, False),
]  # fmt: skip


EVENT = "event_id, version, is_broken, known_at"


@pytest.fixture(autouse=True)
def rows(execute: Run) -> None:
    """All tables with the same deliveries, consumed until DAY."""
    statements = [
        "create schema raw", "create schema staging", "create schema marts",
        "create table staging.quarantine (source_table varchar, reason varchar)",
        f"create table marts.dim_snapshots as select date '{DAY}' as snapshot_date",
        "create table delivered (id varchar, version int, day int, is_broken boolean)",
        "insert into delivered values " + ", ".join(str(row) for row in DELIVERIES),
    ]  # fmt: skip
    for table in raw_contract():
        keys = ", ".join(f"id as {key}" for key in table.key)
        statements += [
            f"""
            create table raw.{table.name} as
            select {keys}, version, is_broken, timestamp '2024-06-01' + day * interval 1 day as known_at from delivered
            """,
            f"alter table raw.{table.name} add column refused_because varchar",
            f"alter table raw.{table.name} add column is_replaced boolean default false",
            f"""
            create view staging.stg_{table.name} as select * exclude (refused_because, is_replaced)
            from raw.{table.name} where not is_broken and not is_replaced
            """,
            f"insert into staging.quarantine select '{table.name}', 'amount is below 0' from delivered where is_broken",
            f"""
            create table marts.{mart_of(table)} as
            select *, true as is_described,
              lead(known_at) over (partition by {table.key[0]} order by known_at) as superseded_at
            from (select distinct * from staging.stg_{table.name} where known_at < timestamp '{DAY}')
            """,
        ]
    execute(*statements)


def test_every_row_is_accounted_for(run_check: Run) -> None:
    told = run_check(no_row_is_lost, DAY)
    assert told.failed == []
    assert told.is_followed
    assert len(told.checks) == len(raw_contract()) + 1
    assert told.figures("marts/fct_orders") == {
        "delivered": 10, "kept": 5, "replaced": 2, "refused": 1, "not yet known": 2, "unexplained": 0,
    }  # fmt: skip


def test_different_lines_of_one_delivery_count_together(execute: Run, run_check: Run) -> None:
    execute(
        "insert into raw.order_items (order_id, product_id, version, is_broken, known_at) "
        "values ('c', 'c', 9, false, timestamp '2024-06-04')",
        "insert into marts.fct_order_items values ('c', 'c', 9, false, timestamp '2024-06-04', true, null)",
    )
    told = run_check(no_row_is_lost, DAY)
    assert told.failed == []
    assert told.figures("marts/fct_order_items")["kept"] == 6


def test_a_row_that_a_later_file_beats_is_replaced(execute: Run, run_check: Run) -> None:
    execute("insert into raw.orders values ('a', 7, false, timestamp '2024-06-02', null, true)")
    told = run_check(no_row_is_lost, DAY)
    assert told.failed == []
    assert told.figures("marts/fct_orders")["replaced"] == 3


def test_consents_stand_beside_each_other(run_check: Run) -> None:
    """A later row of the same words replaces none: both count."""
    assert run_check(no_row_is_lost, DAY).figures("marts/fct_consents") == {
        "delivered": 10, "kept": 6, "replaced": 1, "refused": 1, "not yet known": 2, "unexplained": 0,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("planted", "unexplained"),
    [
        ("delete from marts.fct_events where event_id = 'c'", 1),
        # A row that was delivered with a known time that had been consumed already.
        (f"insert into raw.events ({EVENT}) values ('late', 1, false, timestamp '2024-06-02')", 1),
        ("delete from staging.quarantine where source_table = 'events'", 1),
        ("insert into marts.fct_events select 'x', * exclude (event_id) from marts.fct_events where version = 2", -1),
    ],
)  # fmt: skip
def test_a_lost_or_invented_row_stops_what_follows(
    planted: str, unexplained: int, execute: Run, run_check: Run
) -> None:
    execute(planted)
    told = run_check(no_row_is_lost, *WEEKS)
    assert told.failed == ["features/user_features", "marts/fct_events"]
    assert not told.is_followed
    assert told.figures("marts/fct_events")["unexplained"] == unexplained
    assert told.figures("features/user_features")["events"] == unexplained
    assert "ingested_at" in told.figures("marts/fct_events")["what to do"]


def test_users_seen_in_orders_only_are_no_rows_of_the_users_table(execute: Run, run_check: Run) -> None:
    execute("insert into marts.dim_users select * replace ('x' as user_id, false as is_described) "
                   "from marts.dim_users where user_id = 'c'")  # fmt: skip
    assert run_check(no_row_is_lost, DAY).failed == []


def test_much_refused_is_told_and_nothing_stops(execute: Run, run_check: Run) -> None:
    execute("insert into staging.quarantine values ('orders', 'order_id is missing')")
    told = run_check(quarantine_is_small, DAY)
    (check,) = told.checks
    assert (check.passed, check.severity, told.is_followed) == (False, dg.AssetCheckSeverity.WARN, True)
    figures = told.figures("staging/quarantine")
    assert (figures["worst table"], figures["worst (%)"], figures["rows refused"]) == (
        "orders", 18.18, len(raw_contract()) + 1,
    )  # fmt: skip
    assert "| orders | amount is below 0 | 1 | 9.09% |" in figures["rules"]


@pytest.mark.parametrize("broken", [0, 4])
def test_little_or_nothing_refused_passes(broken: int, execute: Run, run_check: Run) -> None:
    """90 rows are kept of which some are refused besides."""
    execute(
        "delete from staging.quarantine",
        "insert into raw.users by name select users.* from raw.users, range(9)",
        f"insert into staging.quarantine select 'users', 'user_id is missing' from range({broken})",
    )
    told = run_check(quarantine_is_small, DAY)
    assert told.failed == []
    assert told.figures("staging/quarantine")["worst (%)"] == rounded(100 * broken / (90 + broken))


@pytest.mark.parametrize(("unread", "is_small"), [(0, True), (4, True), (5, False)])
def test_values_that_many_rows_lack_are_told(unread: int, is_small: bool, execute: Run, run_check: Run) -> None:
    execute(
        "insert into raw.orders by name select orders.* from raw.orders, range(9)",
        "create table staging.unread_values (source_table varchar, unread_columns varchar, row_count bigint)",
        f"insert into staging.unread_values select 'orders', 'delivered_at', {unread} where {unread} > 0",
    )
    told = run_check(values_are_read, DAY)
    (check,) = told.checks
    assert (check.passed, check.severity, told.is_followed) == (is_small, dg.AssetCheckSeverity.WARN, True)
    figures = told.figures("staging/unread_values")
    assert (figures["rows unread"], figures["worst (%)"]) == (unread, rounded(100 * unread / 90))
    assert ("| orders | delivered_at |" in figures["rules"]) == bool(unread)
