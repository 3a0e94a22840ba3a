"""What users did after they were assigned, and before: the outcomes of effects. Nothing known after the snapshot."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import polars as pl

from churn_assets.contracts.counted import counted_at
from churn_assets.workplace import Workplace

# One row per campaign and user. A window begins with the assignment; the one before it ends there.
# Amounts are summed as decimals: a sum of doubles depends on the order of its terms.
OUTCOMES = f"""
with purchases as (
  select user_id, ordered_at as happened_at, amount
  from marts.fct_orders
  where is_purchase and ordered_at < $snapshot and {counted_at()}
),

returns as (
  select user_id, returned_at as happened_at, amount
  from marts.fct_returns
  where returned_at < $snapshot and {counted_at()}
),

coupons as (
  select user_id, redeemed_at as happened_at, face_amount as amount
  from marts.fct_coupons
  where redeemed_at < $snapshot and {counted_at()}
),

contacts as (
  select user_id, sent_at as happened_at, cost_amount as amount, clicked_at
  from marts.fct_contacts
  where channel <> 'none' and sent_at < $snapshot and {counted_at()}
),

objections as (
  select user_id, changed_at as happened_at
  from marts.fct_consents
  where not is_granted and changed_at < $snapshot and known_at < $snapshot
),

tickets as (
  select user_id, opened_at as happened_at
  from marts.fct_support_tickets
  where opened_at < $snapshot and {counted_at()}
),

-- Questions have scales of their own, and codes for no answer (99): an answer counts by its place among all answers to
-- the question, 0 the lowest and 1 the highest.
numbers as (
  select user_id, asked_at, question, try_cast(answer as double) as number
  from marts.fct_surveys
  where asked_at < $snapshot and {counted_at()}
),

answers as (
  select
    user_id,
    asked_at as happened_at,
    (rank() over (partition by question order by number) - 1 + count(*) over (partition by question, number) / 2.0)
    / count(*) over (partition by question) as place
  from numbers
  where isfinite(number)
),

happened as (
  select user_id, happened_at, 'purchase' as kind, amount from purchases
  union all
  select user_id, happened_at, 'return', amount from returns
  union all
  select user_id, happened_at, 'coupon', amount from coupons
  union all
  select user_id, happened_at, 'contact', amount from contacts
  union all
  select user_id, clicked_at, 'click', 0 from contacts where clicked_at < $snapshot
  union all
  select user_id, happened_at, 'objection', 0 from objections
  union all
  select user_id, happened_at, 'ticket', 0 from tickets
),

windows as (
  select
    assigned.campaign,
    assigned.user_id,
    happened.kind,
    happened.amount,
    happened.happened_at >= assigned.assigned_at as is_after
  from assigned
  inner join happened on
    happened.user_id = assigned.user_id
    and happened.happened_at >= assigned.assigned_at - to_days($days_before)
    and happened.happened_at < assigned.ends_at
),

satisfaction as (
  select
    assigned.campaign,
    assigned.user_id,
    cast(avg(cast(answers.place as decimal(18, 9))) as double) as satisfaction
  from assigned
  inner join answers on
    answers.user_id = assigned.user_id
    and answers.happened_at >= assigned.assigned_at
    and answers.happened_at < assigned.ends_at
  group by all
),

summed as (
  select
    campaign,
    user_id,
    count(*) filter (where kind = 'purchase' and is_after) as orders_count,
    sum(amount) filter (where kind = 'purchase' and is_after) as spent_amount,
    sum(amount) filter (where kind = 'return' and is_after) as returned_amount,
    sum(amount) filter (where kind = 'coupon' and is_after) as redeemed_amount,
    sum(amount) filter (where kind = 'contact' and is_after) as contact_cost_amount,
    count(*) filter (where kind = 'click' and is_after) as clicks_count,
    count(*) filter (where kind = 'objection' and is_after) as objections_count,
    count(*) filter (where kind = 'ticket' and is_after) as tickets_count,
    count(*) filter (where kind = 'purchase' and not is_after) as orders_before_count,
    sum(amount) filter (where kind = 'purchase' and not is_after) as spent_before_amount
  from windows
  group by all
)

select
  assigned.campaign,
  assigned.user_id,
  cast(coalesce(spent_amount, 0) as double) as spent_amount,
  coalesce(orders_count, 0) as orders_count,
  cast(coalesce(returned_amount, 0) as double) as returned_amount,
  cast(coalesce(redeemed_amount, 0) as double) as redeemed_amount,
  cast(coalesce(contact_cost_amount, 0) as double) as contact_cost_amount,
  coalesce(clicks_count, 0) as clicks_count,
  coalesce(objections_count, 0) as objections_count,
  coalesce(tickets_count, 0) as tickets_count,
  satisfaction.satisfaction,
  coalesce(orders_before_count, 0) as orders_before_count,
  cast(coalesce(spent_before_amount, 0) as double) as spent_before_amount
from assigned
left join summed using (campaign, user_id)
left join satisfaction using (campaign, user_id)
order by assigned.campaign, assigned.user_id
"""

RECORDED = """
select
  exists (select 1 from marts.fct_orders where known_at < $snapshot) as orders,
  exists (select 1 from marts.fct_returns where known_at < $snapshot) as returns,
  exists (select 1 from marts.fct_contacts where known_at < $snapshot) as contacts,
  exists (select 1 from marts.fct_consents where known_at < $snapshot) as consents,
  exists (select 1 from marts.fct_support_tickets where known_at < $snapshot) as support_tickets,
  exists (select 1 from marts.fct_surveys where known_at < $snapshot) as surveys,
  exists (select 1 from marts.fct_events where known_at < $snapshot) as events
"""

# One row per campaign and user: what was known of the user's purchases when the assignment was made.
PROFILES = f"""
with bought as (
  select
    assigned.campaign,
    assigned.user_id,
    count(*) as orders_count,
    sum(orders.amount) as spent_amount,
    max(orders.ordered_at) as last_ordered_at,
    count(*) filter (where orders.discount_amount > 0) as discounted_orders_count,
    count(*) filter (where orders.ordered_at >= assigned.assigned_at - to_days($days_before)) as recent_orders_count
  from assigned
  inner join marts.fct_orders as orders on
    orders.user_id = assigned.user_id
    and orders.is_purchase
    and orders.ordered_at < assigned.assigned_at
    and {counted_at("assigned.assigned_at", row="orders")}
  group by all
)

select
  assigned.campaign,
  assigned.user_id,
  -- Who has never bought has been silent for as long as can be told apart.
  coalesce(
    least(epoch(assigned.assigned_at - bought.last_ordered_at) / 86400, $most_days), $most_days
  ) as silent_days,
  coalesce(bought.orders_count, 0) as orders_count,
  coalesce(cast(bought.spent_amount as double) / bought.orders_count, 0) as order_amount,
  coalesce(bought.discounted_orders_count, 0) as discounted_orders_count,
  coalesce(bought.recent_orders_count, 0) as recent_orders_count
from assigned
left join bought using (campaign, user_id)
order by assigned.campaign, assigned.user_id
"""
MOST_DAYS = 730


def profiles_of(workplace: Workplace, assignments: pl.DataFrame, days_before: int) -> pl.DataFrame:
    """One row per campaign and user: silent_days, orders_count, order_amount (mean), discounted_orders_count and
    recent_orders_count (of the `days_before`), by what had happened and was known when assigned.
    """
    assigned = assignments.select("campaign", "user_id", "assigned_at")
    parameters = {"days_before": days_before, "most_days": MOST_DAYS}
    return workplace.warehouse.query(PROFILES, parameters, {"assigned": assigned})


def outcomes_of(workplace: Workplace, assignments: pl.DataFrame, snapshot: date, window_days: int) -> pl.DataFrame:
    """One row per campaign and user (contract AllOutcomes): what the user did in the window after the assignment, and
    bought in the one before it, as known at `snapshot`.
    """
    ends_at = pl.col("assigned_at") + timedelta(days=window_days)
    return _outcomes(workplace, assignments.with_columns(ends_at=ends_at), snapshot, window_days)


def outcomes_since(workplace: Workplace, assignments: pl.DataFrame, snapshot: date, days_before: int) -> pl.DataFrame:
    """As `outcomes_of`, from each assignment until `snapshot`; and what was bought in the `days_before` it."""
    ends_at = pl.lit(datetime.combine(snapshot, time()))
    return _outcomes(workplace, assignments.with_columns(ends_at=ends_at), snapshot, days_before)


def _outcomes(workplace: Workplace, assignments: pl.DataFrame, snapshot: date, days_before: int) -> pl.DataFrame:
    assigned = assignments.select("campaign", "user_id", "assigned_at", "ends_at")
    parameters = {"snapshot": snapshot, "days_before": days_before}
    return workplace.warehouse.query(OUTCOMES, parameters, {"assigned": assigned})


def recorded_tables(workplace: Workplace, snapshot: date) -> frozenset[str]:
    """Raw tables of OUTCOMES of which the shop had any row before `snapshot`: without one, nothing is known of it."""
    row = workplace.warehouse.query(RECORDED, {"snapshot": snapshot}).row(0, named=True)
    return frozenset(table for table, is_recorded in row.items() if is_recorded)
