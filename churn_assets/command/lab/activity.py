"""Daily activity of users, as known at each snapshot; and whether the library of the sequence model is installed."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import date
from importlib.util import find_spec

from churn_assets.contracts.counted import counted_at
from churn_assets.model.activity import DAYS, Activity
from churn_assets.workplace import Workplace

HOW_TO_GET_IT = "Without the sequence model (lstm): make sequence, or pip install 'churn-assets[sequence]'."
# A day counts from the boundary at which it was whole, and until it was corrected (macros/visits.sql, day_counts_at).
CELLS = f"""
with snapshots as (select unnest($days) as snapshot_date),
bought as (
  select snapshot_date, user_id, cast(ordered_at as date) as day, count(*) as orders, sum(amount) as spent_amount
  from snapshots
  inner join marts.fct_orders on ordered_at < snapshot_date and ordered_at >= snapshot_date - {DAYS}
  where is_purchase and {counted_at("snapshot_date")}
  group by all
),
visited as (
  select snapshot_date, user_id, event_date as day, sessions, events
  from snapshots
  inner join marts.int_user_days on event_date < snapshot_date and event_date >= snapshot_date - {DAYS}
  where counts_from_date <= snapshot_date and (counts_until_date is null or counts_until_date > snapshot_date)
)
select user_id, snapshot_date, cast(snapshot_date - day as bigint) as days_ago,
  cast(coalesce(orders, 0) as float) as orders, cast(coalesce(spent_amount, 0) as float) as spent_amount,
  cast(coalesce(sessions, 0) as float) as sessions, cast(coalesce(events, 0) as float) as events
from bought full join visited using (snapshot_date, user_id, day)
order by user_id, snapshot_date, days_ago
"""


def is_sequence_installed() -> bool:
    return find_spec("keras") is not None and find_spec("jax") is not None


def activity_of(workplace: Workplace, days: Sequence[date]) -> Activity:
    """One row per user, snapshot of `days` and active day of the DAYS before it."""
    return Activity(workplace.warehouse.query(CELLS, {"days": list(days)}))


def use_jax() -> None:
    """To be called before Keras is imported, which then reads its backend from the environment."""
    os.environ["KERAS_BACKEND"] = "jax"
