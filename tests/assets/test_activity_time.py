"""What a user did day by day is what was known at the snapshot: later rows, and rows told later, change nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from churn_assets.command.lab.activity import activity_of
from churn_assets.workplace import Workplace

DAY = date(2024, 6, 17)
SHOP = """
create schema marts;
create table marts.fct_orders as select * from (values
  ('a', timestamp '2024-06-16 10:00', timestamp '2024-06-16 11:00', null::timestamp, true, 20.0),
  ('a', timestamp '2024-06-16 12:00', timestamp '2024-06-16 13:00', timestamp '2024-06-20', true, 5.0)
) as orders (user_id, ordered_at, known_at, superseded_at, is_purchase, amount);
create table marts.int_user_days as select * from (values
  ('a', date '2024-06-15', date '2024-06-16', null::date, 2, 9)
) as days (user_id, event_date, counts_from_date, counts_until_date, sessions, events);
"""
LATER = """
insert into marts.fct_orders values
  ('a', timestamp '2024-06-17 00:00', timestamp '2024-06-17 00:00', null, true, 99.0),
  ('a', timestamp '2024-06-16 09:00', timestamp '2024-06-17 00:00', null, true, 99.0),
  ('a', timestamp '2024-06-10 09:00', timestamp '2024-06-10', timestamp '2024-06-12', true, 99.0),
  ('a', timestamp '2024-06-11 09:00', timestamp '2024-06-11', null, false, 99.0),
  ('a', timestamp '2024-03-17 23:00', timestamp '2024-03-18', null, true, 99.0)
"""
LATER_DAYS = """
insert into marts.int_user_days values
  ('a', date '2024-06-17', date '2024-06-17', null, 9, 9),
  ('a', date '2024-06-14', date '2024-06-18', null, 9, 9),
  ('a', date '2024-06-13', date '2024-06-14', date '2024-06-17', 9, 9)
"""


def test_only_what_was_known_at_the_snapshot_counts(workplace: Workplace, execute: Callable[..., Any]) -> None:
    execute(SHOP)
    before = activity_of(workplace, [DAY]).cells
    assert before.drop("user_id", "snapshot_date").rows() == [(1, 2.0, 25.0, 0.0, 0.0), (2, 0.0, 0.0, 2.0, 9.0)]
    execute(LATER, LATER_DAYS)
    assert activity_of(workplace, [DAY]).cells.equals(before)
