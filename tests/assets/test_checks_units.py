"""The check of the unit of amounts in a run: it warns, stops nothing, and sees nothing of the snapshot's future."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from churn_assets.defs.staging.units import amounts_keep_their_unit

Run = Callable[..., Any]
DAY = date(2024, 6, 24)
# 30 orders a day of 20 to 29.9; of returns one row, which says nothing.
ORDERS = f"""
create table staging.stg_orders as
select moment as ordered_at, moment + interval 2 hour as known_at, cast(20 + n % 100 / 10 as decimal(18, 4)) as amount
from (
  select n, timestamp '2024-01-01' + n * interval 48 minute as moment
  from range({30 * (DAY + timedelta(days=14) - date(2024, 1, 1)).days}) as numbers (n)
)
"""


@pytest.fixture(autouse=True)
def staged(execute: Run) -> None:
    execute(
        "create schema staging", "create schema marts",
        f"create table marts.dim_snapshots as select date '{DAY}' as snapshot_date",
        ORDERS,
        """create table staging.stg_returns as
        select timestamp '2024-06-20' as returned_at, timestamp '2024-06-20' as known_at, 1e6 as amount""",
    )  # fmt: skip


def in_cents(where: str) -> str:
    return f"update staging.stg_orders set amount = amount * 100 where {where}"


def test_a_week_in_cents_is_a_warning_and_stops_nothing(execute: Run, run_check: Run) -> None:
    execute(in_cents(f"ordered_at >= date '{DAY - timedelta(days=7)}' and ordered_at < date '{DAY}'"))
    told = run_check(amounts_keep_their_unit, DAY)
    assert told.is_followed
    (check,) = told.checks
    assert not check.passed
    assert check.severity.value == "WARN"
    assert "orders.amount of the newest week is 100 times what was usual (2,732 against 27.3): " in check.description
    assert told.figures("staging/stg_orders")["in another unit"] == "orders.amount"


@pytest.mark.parametrize(
    "where", [f"ordered_at >= date '{DAY}'", f"known_at >= date '{DAY}'", f"ordered_at < date '{DAY}'"]
)
def test_what_came_later_or_holds_for_all_is_no_change(execute: Run, run_check: Run, where: str) -> None:
    execute(in_cents(where))
    assert run_check(amounts_keep_their_unit, DAY).failed == []


def test_rows_that_became_known_later_are_not_looked_at(execute: Run, run_check: Run) -> None:
    week = f"ordered_at >= date '{DAY - timedelta(days=7)}' and ordered_at < date '{DAY}'"
    execute(in_cents(week), f"update staging.stg_orders set known_at = date '{DAY}' where {week}")
    told = run_check(amounts_keep_their_unit, DAY)
    assert told.failed == []
    assert told.figures("staging/stg_orders")["orders.amount, weeks compared"] == 24
