"""A few features of a sample of users built again straight from staging, to check that the marts do not look ahead.

Deliberately written differently from the dbt models: no marts, no superseded_at, every condition on time written out.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import polars as pl

from churn_assets.workplace import Workplace

# Users compared at each snapshot; in a long range fewer each, so that building years of history is not held up.
USERS_PER_SNAPSHOT, USERS_PER_RUN, FEWEST_USERS = 200, 1_000, 20
SECOND = 1 / 86_400

# Ambiguous rows are not compared: purchases where two versions of an order
# became known in the same moment; visits without session ids, or with events that a correction moved.
REPLAY = """
with features as materialized (
  select user_id, snapshot_date, recency_days as recency, orders_{days}d as orders, spent_amount_{days}d as spent,
    sessions_{days}d as sessions
  from features.user_features where list_contains($snapshots, snapshot_date)
  qualify row_number() over (partition by snapshot_date order by md5(user_id || snapshot_date), user_id) <= $users
),
sample as materialized (select distinct user_id from features),
all_orders as materialized (
  select distinct order_id, user_id, ordered_at, amount, known_at,
    not is_purchase as is_void
  from staging.stg_orders
),
orders as materialized (
  select * from all_orders
  where order_id in (select order_id from all_orders where user_id in (select user_id from sample))
),
events as materialized (
  select user_id, event_id, session_id, occurred_at, known_at
  from staging.stg_events where user_id in (select user_id from sample)
),
unclear_buyers as (
  select unnest(list(user_id)) as user_id from orders group by order_id, known_at having count(*) > 1
),
unclear_visitors as (
  select user_id from events where session_id is null
  union
  select user_id from events group by user_id, event_id having count(distinct (session_id, occurred_at)) > 1
),
versions as (
  select day as snapshot_date, orders.*,
    row_number() over (partition by day, order_id order by orders.known_at desc) as age
  from unnest($snapshots) as days (day)
  inner join orders on orders.known_at < cast(day as timestamp)
),
bought as (
  select snapshot_date, user_id, max(ordered_at) as newest_at,
    count(*) filter (ordered_at >= snapshot_date - interval {days} day) as orders,
    sum(amount) filter (ordered_at >= snapshot_date - interval {days} day) as spent
  from versions
  where age = 1 and not is_void and ordered_at < cast(snapshot_date as timestamp)
  group by snapshot_date, user_id
),
visits as (
  select day as snapshot_date, user_id, session_id, min(occurred_at) as started_at
  from unnest($snapshots) as days (day)
  inner join events on events.known_at < cast(day as timestamp)
  group by day, user_id, session_id
),
visited as (
  select snapshot_date, user_id, count(*) as sessions
  from visits
  where started_at < cast(snapshot_date as timestamp) and started_at >= snapshot_date - interval {days} day
  group by snapshot_date, user_id
)
select features.*,
  user_id not in (select user_id from unclear_buyers) as is_clear_buyer,
  user_id not in (select user_id from unclear_visitors) as is_clear_visitor,
  (epoch(cast(snapshot_date as timestamp)) - epoch(bought.newest_at)) / 86400 as recency_again,
  coalesce(bought.orders, 0) as orders_again,
  coalesce(cast(bought.spent as double), 0) as spent_again,
  coalesce(visited.sessions, 0) as sessions_again
from features
left join bought using (snapshot_date, user_id)
left join visited using (snapshot_date, user_id)
order by snapshot_date, user_id
"""


def replay(workplace: Workplace, snapshots: Sequence[date], days: int) -> pl.DataFrame:
    """One row per sampled user and snapshot: each feature as the mart has it, and built again (`*_again`)."""
    users = max(FEWEST_USERS, min(USERS_PER_SNAPSHOT, USERS_PER_RUN // len(snapshots)))
    return workplace.warehouse.query(REPLAY.format(days=days), {"snapshots": list(snapshots), "users": users})


def differences(rows: pl.DataFrame) -> pl.DataFrame:
    """Per row and feature, whether the two differ by more than rounding; null where they cannot be compared."""
    money = pl.max_horizontal(pl.col("spent").abs(), pl.lit(1.0)) * 1e-6
    recency, again = pl.col("recency"), pl.col("recency_again")
    other_recency = (recency.is_null() != again.is_null()) | ((recency - again).abs() > SECOND).fill_null(value=False)
    buyer, visitor = pl.when("is_clear_buyer"), pl.when("is_clear_visitor")
    return rows.select(
        "snapshot_date",
        "user_id",
        recency_days=buyer.then(other_recency),
        orders=buyer.then(pl.col("orders") != pl.col("orders_again")),
        spent_amount=buyer.then((pl.col("spent") - pl.col("spent_again")).abs() > money),
        # Unknown in the mart is 0 here: no visits were recorded by then.
        sessions=visitor.then(pl.col("sessions").fill_null(0) != pl.col("sessions_again")),
    )
