{{ config(materialized="ephemeral") }}

{%- set longest = longest_window() %}
{%- set recent = run_var("windows_days")[1] %}
{%- set lapse = run_var("churn").active_within_days or run_var("windows_days") | max %}

-- Where a user who has not objected stands: the last purchase against the own rhythm, and the place among the others.
with purchase_days as (
  select distinct snapshot_date, user_id, cast(ordered_at as date) as ordered_date
  from ({{ purchases_before_snapshots() }})
),

-- The pause that the last purchase ended; null for who bought on one day only.
pauses as (
  select snapshot_date, user_id, ordered_date - previous_date as last_pause_days
  from (
    select *, lag(ordered_date) over (partition by snapshot_date, user_id order by ordered_date) as previous_date
    from purchase_days
  ) as with_previous
  qualify row_number() over (partition by snapshot_date, user_id order by ordered_date desc) = 1
),

users as (
  select
    snapshot_date,
    user_id,
    statuses.status,
    features.recency_days,
    features.orders_count,
    pauses.last_pause_days,
    -- Who bought on one day only has no rhythm yet and is held against that of the others.
    features.recency_days / coalesce(
      features.gap_mean_days, median(features.gap_mean_days) over (partition by snapshot_date)
    ) as pause_ratio,
    {%- for place, order in {
      "recency": "features.recency_days desc",
      "frequency": "features.orders_" ~ longest ~ "d",
      "money": "features.spent_amount_" ~ longest ~ "d",
    }.items() %}
    1 + least(4, floor(5 * percent_rank() over (partition by snapshot_date, statuses.status order by {{ order }})))
      as {{ place }}_fifth{{ "," if not loop.last }}
    {%- endfor %}
  from {{ ref("user_statuses") }} as statuses
  inner join {{ ref("user_features") }} as features using (snapshot_date, user_id)
  left join pauses using (snapshot_date, user_id)
  where snapshot_date in (select snapshot_date from {{ snapshots() }}) and statuses.status <> 'objected'
)

select
  snapshot_date,
  user_id,
  case
    when status = 'new' or (orders_count = 1 and recency_days <= {{ recent }}) then 'new'
    when status = 'lapsed' then 'lapsed'
    when last_pause_days > {{ lapse }} and recency_days <= {{ recent }} then 'returning'
    when coalesce(pause_ratio, 0) <= 1.5 then 'active'
    when pause_ratio <= 3 then 'cooling'
    else 'at_risk'
  end as lifecycle_stage,
  case
    when status = 'new' then 'prospect'
    when status = 'lapsed' then 'lapsed'
    when recency_fifth >= 4 and frequency_fifth >= 4 and money_fifth >= 4 then 'champion'
    when frequency_fifth >= 4 then 'loyal'
    when money_fifth >= 4 then 'big_spender'
    when recency_fifth >= 4 then 'promising'
    when recency_fifth <= 2 and frequency_fifth <= 2 then 'hibernating'
    else 'regular'
  end as segment
from users
