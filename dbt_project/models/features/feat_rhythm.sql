{{ config(materialized="ephemeral") }}

-- Gaps between the days on which a user bought: several orders on one day are one occasion. Lists, since sorting every
-- purchase of every snapshot took three times as long; whole days and their squares add up exactly.
with gaps as (
  select
    snapshot_date,
    user_id,
    {{ first_of("ordered_dates") }} as first_ordered_date,
    {{ last_of("ordered_dates") }} as last_ordered_date,
    {{ gaps_between("ordered_dates") }} as gaps
  from {{ ref("feat_orders") }}
),

moments as (
  select
    snapshot_date,
    user_id,
    len(gaps) + 1 as purchase_days_count,
    snapshot_date - first_ordered_date as first_purchase_days,
    len(gaps) as gaps,
    cast(list_sum(gaps) as double) / nullif(len(gaps), 0) as gap_mean_days,
    cast({{ sum_of_squares("gaps") }} as double) / nullif(len(gaps), 0) as gap_mean_square,
    list_max(gaps) as gap_max_days,
    snapshot_date - last_ordered_date as days_since_purchase
  from gaps
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
