{{ config(materialized="ephemeral") }}

-- Gaps between the days on which a user bought: several orders on one day are one occasion.
with purchase_days as (
  select distinct snapshot_date, user_id, cast(ordered_at as date) as ordered_date
  from ({{ purchases_before_snapshots() }})
),

gaps as (
  select
    *,
    ordered_date - lag(ordered_date) over (partition by snapshot_date, user_id order by ordered_date) as gap_days
  from purchase_days
),

-- Whole days and their squares add up exactly, whatever the order of the rows.
moments as (
  select
    snapshot_date,
    user_id,
    count(ordered_date) as purchase_days_count,
    snapshot_date - min(ordered_date) as first_purchase_days,
    count(gap_days) as gaps,
    cast(sum(gap_days) as double) / nullif(count(gap_days), 0) as gap_mean_days,
    cast(sum(gap_days * gap_days) as double) / nullif(count(gap_days), 0) as gap_mean_square,
    max(gap_days) as gap_max_days,
    snapshot_date - max(ordered_date) as days_since_purchase
  from gaps
  group by snapshot_date, user_id
)

select
  snapshot_date,
  user_id,
  purchase_days_count,
  first_purchase_days,
  gap_mean_days,
  case when gaps > 1 then sqrt(greatest(gap_mean_square - gap_mean_days * gap_mean_days, 0)) end as gap_spread_days,
  gap_max_days,
  days_since_purchase / gap_mean_days as recency_to_gap_ratio
from moments
