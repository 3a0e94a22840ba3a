"""The features of orders and events at one snapshot as one would write them by hand, straight from the Parquet files.

`python -m benchmarks.features_by_hand LANDING SNAPSHOT OUT.parquet`. Rows count as in the mart: known and happened
before the snapshot, newest version of an id, whole visits. It leaves out what the mart also does: labels, versions and
spans kept for later, quarantine, users without orders or visits told apart, seven other tables that may be there.
"""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb

WINDOWS = (7, 28, 91, 182)
TYPES = {
    "views": "view", "searches": "search", "carts": "add_to_cart", "cart_removals": "remove_from_cart",
    "favorites": "favorite", "follows": "follow_shop", "shares": "share", "logins": "login",
    "ad_impressions": "ad_impression", "ad_clicks": "ad_click",
}  # fmt: skip
SUMS = [*TYPES, "dwell_seconds", "fruitless_searches", "cart_sessions"]


def _windows(columns: dict[str, str], moment: str) -> str:
    return ", ".join(
        f"{sql} filter (where {moment} >= day - {days}) as {name}_{days}d"
        for name, sql in columns.items()
        for days in WINDOWS
    )


def statement(landing: Path, snapshot: str) -> str:
    counts = ", ".join(f"count(*) filter (where event_type = '{kind}') as {name}" for name, kind in TYPES.items())
    money = {"orders": "count(*)", "spent": "sum(amount::decimal(18, 4))", "discount": "sum(discount_amount)"}
    sums = {"sessions": "count(*)", "active_days": "count(distinct visit_date)"} | {
        name: f"sum({name})" for name in SUMS
    }
    return f"""
with days as (select date '{snapshot}' as day),
rows_known as not materialized (
  select user_id, session_id, event_id, occurred_at, event_type, dwell_seconds::decimal(18, 3) as dwell_seconds,
    search_query, ingested_at
  from read_parquet('{landing}/events/**/*.parquet', hive_partitioning = false)
  where ingested_at < timestamp '{snapshot}' and occurred_at < timestamp '{snapshot}'
    and occurred_at >= date '{snapshot}' - {WINDOWS[-1] + 1}
),
twice as materialized (select event_id from rows_known group by event_id having count(*) > 1),
events as not materialized (
  select * from rows_known where event_id not in (select event_id from twice)
  union all
  select * from rows_known where event_id in (select event_id from twice)
  qualify row_number() over (partition by event_id order by ingested_at desc) = 1
),
visits as materialized (
  select user_id, session_id, min(occurred_at)::date as visit_date, count(*) as events, {counts},
    sum(dwell_seconds) as dwell_seconds, bit_or(1 << hour(occurred_at)::integer) as hours,
    len(list_filter(list(occurred_at) filter (where event_type = 'search'), lambda moment: moment >= coalesce(
      max(occurred_at) filter (where event_type in ('view', 'add_to_cart')), timestamp '0001-01-01'
    ))) as fruitless_searches,
    bool_or(event_type = 'add_to_cart')::integer as cart_sessions,
    count(*) filter (where hour(occurred_at) < 6) as night, count(*) filter (where isodow(occurred_at) >= 6) as weekend,
    list(hash(search_query)) filter (where event_type = 'search') as queries
  from events group by user_id, session_id
),
browsing as (
  select user_id, day - max(visit_date) as days_since_visit, sum(views) / count(*) as views_per_session,
    sum(events) / count(*) as events_per_session, bit_count(bit_or(hours)) as active_hours,
    sum(night) / sum(events) as night_share, sum(weekend) / sum(events) as weekend_share,
    {_windows(sums, "visit_date")}
  from visits, days where visit_date >= day - {WINDOWS[-1]} group by user_id, day
),
searched as (
  select user_id, day, visit_date, unnest(queries) as query from visits, days where visit_date >= day - {WINDOWS[-1]}
),
repeats as (
  select user_id, {", ".join(f"sum(greatest(times_{days}d - 1, 0)) as repeated_{days}d" for days in WINDOWS)}
  from (select user_id, query, {_windows({"times": "count(*)"}, "visit_date")} from searched
    group by user_id, query, day)
  group by user_id
),
orders as materialized (
  select * from (
    select * from read_parquet('{landing}/orders/*.parquet') where ingested_at < timestamp '{snapshot}'
    qualify row_number() over (partition by order_id order by ingested_at desc) = 1
  ) where ordered_at < timestamp '{snapshot}' and status not in ('cancelled', 'canceled', 'void', 'failed')
),
buying as (
  select user_id, date_diff('second', max(ordered_at), day) / 86400.0 as recency_days, count(*) as orders,
    sum(amount::decimal(18, 4)) as spent, max(amount) as order_max,
    {_windows(money, "ordered_at")}
  from orders, days group by user_id, day
),
rhythm as (
  select user_id, avg(gap) as gap_mean, stddev_pop(gap) as gap_spread, max(gap) as gap_max
  from (
    select user_id, bought - lag(bought) over (partition by user_id order by bought) as gap
    from (select distinct user_id, ordered_at::date as bought from orders)
  ) group by user_id
),
abandoned as (
  select cart_days.user_id, avg((len(list_filter(coalesce(bought, []), lambda moment:
    moment >= visit_date and moment <= visit_date + 7)) = 0)::integer) as abandoned_cart_share
  from (
    select distinct user_id, visit_date from visits, days
    where cart_sessions > 0 and visit_date < day - 7 and visit_date >= day - {WINDOWS[-1]}
  ) as cart_days
  left join (select user_id, list(ordered_at::date) as bought from orders group by user_id) using (user_id)
  group by cart_days.user_id
)
select * from (select distinct user_id from read_parquet('{landing}/users/*.parquet'))
left join buying using (user_id) left join rhythm using (user_id) left join browsing using (user_id)
left join repeats using (user_id) left join abandoned using (user_id)
"""


def main() -> None:
    landing, snapshot, out = sys.argv[1:]
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute("set preserve_insertion_order = false")
        connection.execute(f"copy ({statement(Path(landing), snapshot)}) to '{out}'")


if __name__ == "__main__":
    main()
