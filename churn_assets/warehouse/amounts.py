"""What was paid, week by week before a snapshot: what a change of unit or currency is read from."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import polars as pl

from churn_assets.monitoring.units import WEEKS, WeeklyAmounts
from churn_assets.workplace import Workplace

# What a shop may change threefold itself from one week to the next stays out: discounts, face values, contacts' costs.
# So do prices of lines, whose join to their orders took longer than all the rest (1.5 s of 20,000 users, 2026-11).
MONEY = (("orders", "amount", "ordered_at"), ("returns", "amount", "returned_at"))
ROWS = """
select '{table}' as "table", '{column}' as "column", {event} as event_at, {known} as known_at, {column} as value
from staging.stg_{table}
"""
BY_WEEK = """
select
  "table", "column", cast(date_diff('day', cast(event_at as date), $snapshot_date) - 1 as integer) // 7 as week,
  count(*) as rows,
  quantile_cont(ln(cast(value as double)), 0.25) as low,
  quantile_cont(ln(cast(value as double)), 0.5) as middle,
  quantile_cont(ln(cast(value as double)), 0.75) as high
from ({rows})
where value > 0 and event_at >= $since and event_at < $until and known_at < $until
group by all
order by all
"""


def amounts_by_week(workplace: Workplace, snapshot: date) -> pl.DataFrame:
    """WeeklyAmounts of orders and returns, of rows that had happened and were known before the snapshot."""
    is_restated = workplace.settings.landing.restated
    parts = [
        ROWS.format(table=table, column=column, event=event, known=event if is_restated else "known_at")
        for table, column, event in MONEY
    ]
    until = datetime.combine(snapshot, time())
    parameters = {"snapshot_date": snapshot, "until": until, "since": until - timedelta(weeks=WEEKS)}
    return WeeklyAmounts.validate(
        workplace.warehouse.query(BY_WEEK.format(rows=" union all ".join(parts)), parameters), lazy=True
    )
