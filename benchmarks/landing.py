"""A landing of users, orders and events written by DuckDB alone: as large as wanted, as messy as real ones.

Per user about five orders and as many events as asked for, spread evenly; visits of five events. Of the events 3 % are
late by up to ten days, 0.1 % are delivered twice and 0.1 % are corrected later. One file per week of arrival.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

EVENTS_PER_SESSION = 5
ORDERS_PER_USER = 5
QUERIES = 500

DRAW = "create macro draw(number, salt, sides) as cast(hash(number, salt) % sides as bigint)"

USERS = """
select 'u' || i as user_id, timestamp '{start}' - interval 1 hour * draw(i, 0, 9000) as registered_at,
  1950 + draw(i, 1, 55) as birth_year, ['f', 'm'][1 + draw(i, 2, 2)] as gender, 'r' || draw(i, 3, 30) as region,
  draw(i, 4, 200) as friend_count, registered_at as ingested_at
from range({users}) as numbers (i)
"""

ORDERS = """
select 'o' || i as order_id, 'u' || draw(i, 0, {users}) as user_id,
  timestamp '{start}' + interval 1 second * draw(i, 1, {seconds}) as ordered_at,
  (500 + draw(i, 2, 20000)) / 100.0 as amount, draw(i, 3, 1000) / 100.0 as discount_amount,
  case when draw(i, 4, 20) = 0 then 'cancelled' else 'completed' end as status,
  ordered_at + interval 1 second * (60 + draw(i, 5, 3600)) as ingested_at
from range({users} * {per_user}) as numbers (i)
"""

EVENTS = """
with visits as (
  select i, i // {per_session} as visit, i % {per_session} as position from range({events}) as numbers (i)
),
first_versions as (
  select 'u' || draw(visit, 0, {users}) as user_id,
    timestamp '{start}' + interval 1 second * (draw(visit, 1, {seconds}) + position * (20 + draw(i, 2, 60)))
      as occurred_at,
    case when draw(i, 3, 100) < 60 then 'view' when draw(i, 3, 100) < 72 then 'search'
      when draw(i, 3, 100) < 80 then 'add_to_cart'
      else ['remove_from_cart', 'favorite', 'login', 'ad_impression', 'ad_click'][1 + draw(i, 4, 5)] end as event_type,
    'e' || i as event_id, 's' || visit as session_id, 'p' || draw(i, 5, 20000) as product_id,
    'c' || draw(i, 5, 40) as category,
    case when event_type = 'view' then (10 + draw(i, 6, 900)) / 10.0 end as dwell_seconds,
    case when event_type = 'search' then 'query ' || draw(i, 7, {queries}) end as search_query,
    ['web', 'app'][1 + draw(visit, 8, 2)] as platform,
    occurred_at + interval 1 second * (case when draw(i, 9, 100) < 3 then draw(i, 10, 864000) else 60 end)
      as ingested_at
  from visits
),
deliveries as (
  select first_versions.* replace (
    case when is_again and draw(event_id, 11, 1000) = 1 then 'view' else event_type end as event_type,
    case when is_again and draw(event_id, 11, 1000) = 1
      then ingested_at + interval 1 second * (1 + draw(event_id, 12, 1209600)) else ingested_at end as ingested_at
  )
  from first_versions cross join (values (false), (true)) as copies (is_again)
  where not is_again or draw(event_id, 11, 1000) < 2
)
select *, cast(date_trunc('week', ingested_at) as date) as arrived from deliveries
"""


@dataclass(frozen=True)
class Size:
    users: int
    events: int
    weeks: int


def write_landing(folder: Path, size: Size, start: date) -> None:
    values = {
        "start": start, "users": size.users, "events": size.events, "seconds": size.weeks * 7 * 86_400,
        "per_user": ORDERS_PER_USER, "per_session": EVENTS_PER_SESSION, "queries": QUERIES,
    }  # fmt: skip
    for name in ("users", "orders", "events"):
        (folder / name).mkdir(parents=True)
    with duckdb.connect() as connection:
        connection.execute("set preserve_insertion_order = false")
        connection.execute(DRAW)
        for name, sql in (("users", USERS), ("orders", ORDERS)):
            connection.execute(f"copy ({sql.format(**values)}) to '{folder}/{name}/rows.parquet'")
        connection.execute(
            f"copy ({EVENTS.format(**values)}) to '{folder}/events' (format parquet, partition_by arrived)"
        )
