"""When staged rows arrived: the counts that the feed is judged by, and the newest row of each table.

The one place where rows are counted by the day on which things happened and the day on which they became known.
"""

from __future__ import annotations

from datetime import date, datetime, time

import polars as pl

from churn_assets.contracts.raw import RawTable, raw_contract
from churn_assets.monitoring.feed_history import RETURNING_DAYS
from churn_assets.workplace import Workplace

# A row of one user, day and known day at a time, then whether the user had been there before, as far as was known then.
COUNTS = """
select
  '{table}' as "table", event_date, known_date,
  cast(sum(rows) as bigint) as rows,
  cast(sum(rows * rows) as bigint) as squares,
  cast(coalesce(sum(rows) filter (is_returning), 0) as bigint) as returning_rows,
  cast(coalesce(sum(rows * rows) filter (is_returning), 0) as bigint) as returning_squares
from (
  select
    *, event_date - min(event_date) over (partition by user_id order by known_date) >= {returning_days} as is_returning
  from (
    select user_id, cast(event_at as date) as event_date, cast(known_at as date) as known_date, count(*) as rows
    from ({rows})
    where event_at < $until and known_at < $until
    group by all
  )
)
group by all
"""
# Lines of an order have no time and no user of their own: those of the order.
LINES = """
select orders.user_id, orders.event_at, greatest(lines.known_at, orders.known_at) as known_at
from staging.stg_{table} as lines
inner join (
  select order_id, min(user_id) as user_id, min(ordered_at) as event_at, min(known_at) as known_at
  from staging.stg_orders group by order_id
) as orders using (order_id)
"""
ALWAYS_KNOWN = "timestamp '1900-01-01'"  # macros/time.sql
NEWEST = """
select '{table}' as "table", max(known_at) as newest_known_at from ({rows}) where known_at < $until
"""


def feed_counts(workplace: Workplace, until: date) -> pl.DataFrame:
    """FeedCounts of all raw tables whose rows have a time: what had happened and was known before `until`."""
    tables = [table for table in raw_contract() if table.event_time or table.has_lines]
    counts = [
        COUNTS.format(table=table.name, rows=_rows(workplace, table), returning_days=RETURNING_DAYS) for table in tables
    ]
    return _query(workplace, counts, until)


def newest_known(workplace: Workplace, until: date) -> dict[str, datetime]:
    """When the newest row of each raw table became known (`ingested_at`, else event time), of those before `until`.

    A table without any known time is left out.
    """
    tables = [NEWEST.format(table=table.name, rows=_rows(workplace, table)) for table in raw_contract()]
    newest = _query(workplace, tables, until).filter(pl.col("newest_known_at").is_not_null())
    return dict(newest.iter_rows())


def _query(workplace: Workplace, selects: list[str], until: date) -> pl.DataFrame:
    return workplace.warehouse.query(" union all ".join(selects), {"until": datetime.combine(until, time())})


def _rows(workplace: Workplace, table: RawTable) -> str:
    """SQL: user, event time and known time of each staged row. Restated, a row is known from its event time on."""
    if table.has_lines:
        rows = LINES.format(table=table.name)
        return f"select * replace (event_at as known_at) from ({rows})" if workplace.settings.landing.restated else rows
    event = table.event_time or "cast(null as timestamp)"
    # Staging takes a row without any time as always known, so its arrival is unknown.
    known = event if workplace.settings.landing.restated else f"nullif(known_at, {ALWAYS_KNOWN})"
    user = "user_id" if any(column.name == "user_id" for column in table.columns) else "cast(null as varchar)"
    return f"select {user} as user_id, {event} as event_at, {known} as known_at from staging.stg_{table.name}"
