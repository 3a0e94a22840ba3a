"""Counts by which the churn definitions are compared: two queries whose results do not grow with the users."""

from __future__ import annotations

from datetime import date

import polars as pl

from churn_assets.contracts.counted import counted_at
from churn_assets.contracts.definitions import DEFINITIONS
from churn_assets.contracts.scored_users import ALARMS
from churn_assets.monitoring.definitions import LEAD_SCHEMA, definitions_frame
from churn_assets.monitoring.warned import ScoredPast
from churn_assets.stages import Stage
from churn_assets.warehouse.slices import slices_for
from churn_assets.workplace import Workplace

# Half a year of weeks: the cost does not grow with a home's history.
SLICES = 26
MATURED = f"""
matured as materialized (
  select snapshot_date, matures_at from marts.dim_snapshots where matures_at <= cast($snapshot as timestamp)
  order by snapshot_date desc limit {SLICES}
)"""
CROSSED = f"""
with users as (
  select labels.snapshot_date, labels.matures_at, labels.user_id,
    {", ".join(f"bool_or(is_churned) filter (definition = '{name}') as {name}" for name in DEFINITIONS)}
  from features.churn_labels as labels
  where list_contains($slices, labels.snapshot_date) and labels.is_eligible and labels.is_churned is not null
    and labels.matures_at <= cast($snapshot as timestamp)
  group by all
),
purchases as (
  select user_id, ordered_at from marts.fct_orders
  where is_purchase and ordered_at < $snapshot and {counted_at()}
    and ordered_at >= (select min(matures_at) from users)
)
select users.snapshot_date, {", ".join(DEFINITIONS)},
  cast(cast($snapshot as date) - cast(users.matures_at as date) as bigint) as observed_days,
  cast(cast(purchases.ordered_at as date) - cast(users.matures_at as date) as bigint) as back_days,
  count(*) as users
from users
asof left join purchases on users.user_id = purchases.user_id and purchases.ordered_at >= users.matures_at
group by all
order by all
"""
SCORED_PAST = f"""
with {MATURED}
select snapshot_date, count(*) as scores, count(*) filter (risk_tier in {ALARMS}) as alarms
from scoring.scored_users inner join matured using (snapshot_date)
where status = 'eligible'
group by snapshot_date order by snapshot_date
"""
# churned_on: the first scored snapshot with the label churn, of users with an earlier one without it.
LEADS = f"""
with {MATURED},
scored as materialized (
  select labels.definition, labels.user_id, labels.snapshot_date, labels.gap_days, labels.is_churned,
    scored.risk_tier in {ALARMS} as is_alarm
  from features.churn_labels as labels
  inner join matured using (snapshot_date)
  inner join scoring.scored_users as scored using (user_id, snapshot_date)
  where labels.is_eligible and labels.is_churned is not null and scored.status = 'eligible'
),
churners as (
  select definition, user_id, min(snapshot_date) filter (is_churned) as churned_on
  from scored group by definition, user_id
  having min(snapshot_date) filter (is_churned) > min(snapshot_date)
),
leads as (
  select definition, user_id,
    any_value(churned_on) + any_value(gap_days)
      - min(snapshot_date) filter (is_alarm and snapshot_date <= churned_on) as lead_days
  from scored inner join churners using (definition, user_id)
  group by definition, user_id
)
select definition, cast(lead_days as bigint) as lead_days, count(*) as users from leads group by all order by all
"""


def definitions_at(workplace: Workplace, snapshot: date) -> pl.DataFrame:
    """The table `churn_definitions` of `snapshot`: from the slices that training reads, and the scores by then."""
    warehouse = workplace.warehouse
    is_scored = warehouse.has(Stage.SCORING, "scored_users")
    leads = warehouse.query(LEADS, {"snapshot": snapshot}) if is_scored else pl.DataFrame(schema=LEAD_SCHEMA)
    counted = warehouse.query(CROSSED, {"snapshot": snapshot, "slices": slices_for(workplace, snapshot)})
    return definitions_frame(counted, leads, snapshot=snapshot)


def scored_past(workplace: Workplace, snapshot: date) -> ScoredPast:
    """The newest scores whose labels had matured by `snapshot`, up to SLICES snapshots."""
    if not workplace.warehouse.has(Stage.SCORING, "scored_users"):
        return ScoredPast((), 0, 0)
    rows = workplace.warehouse.query(SCORED_PAST, {"snapshot": snapshot})
    return ScoredPast(rows["snapshot_date"].to_list(), int(rows["scores"].sum()), int(rows["alarms"].sum()))
