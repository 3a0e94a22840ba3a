"""Who visited, put something into the cart or clicked in the first days after an assignment."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl

from churn_assets.contracts.counted import counted_at
from churn_assets.workplace import Workplace

EARLY = f"""
with events as (
  select user_id, occurred_at as happened_at, event_type = 'add_to_cart' as is_cart from marts.fct_events
  where occurred_at < $snapshot and occurred_at >= (select min(assigned_at) from assigned) and {counted_at()}
),
clicks as (
  select user_id, clicked_at as happened_at from marts.fct_contacts
  where channel <> 'none' and clicked_at < $snapshot and {counted_at()}
),
visited as (
  select assigned.campaign, assigned.user_id, bool_or(events.is_cart) as is_cart
  from assigned
  inner join events on
    events.user_id = assigned.user_id
    and events.happened_at >= assigned.assigned_at and events.happened_at < assigned.ends_at
  group by all
),
clicked as (
  select distinct assigned.campaign, assigned.user_id
  from assigned
  inner join clicks on
    clicks.user_id = assigned.user_id
    and clicks.happened_at >= assigned.assigned_at and clicks.happened_at < assigned.ends_at
)
select
  assigned.campaign,
  assigned.user_id,
  cast(visited.user_id is not null as double) as visited,
  cast(coalesce(visited.is_cart, false) as double) as carted,
  cast(clicked.user_id is not null as double) as clicked
from assigned
left join visited on visited.campaign = assigned.campaign and visited.user_id = assigned.user_id
left join clicked on clicked.campaign = assigned.campaign and clicked.user_id = assigned.user_id
order by assigned.campaign, assigned.user_id
"""


def early_outcomes(workplace: Workplace, assignments: pl.DataFrame, snapshot: date, days: int) -> pl.DataFrame:
    """One row per assignment (campaign, user_id, assigned_at): 1 or 0 for each signal (contract EarlySignals)."""
    assigned = (
        assignments.select("campaign", "user_id", "assigned_at")
        .unique(["campaign", "user_id"], keep="first", maintain_order=True)
        .with_columns(ends_at=pl.col("assigned_at") + timedelta(days=days))
    )
    return workplace.warehouse.query(EARLY, {"snapshot": snapshot}, {"assigned": assigned})
