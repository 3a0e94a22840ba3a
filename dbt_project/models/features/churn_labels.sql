{{ config(materialized="incremental", incremental_strategy="delete+insert", unique_key="snapshot_date") }}

-- The label of a snapshot is open until its window has passed. A run writes those of its own snapshots and closes the
-- earlier ones that matured meanwhile; what became known after the window never changes a label.
with due as (
  select snapshot_date from {{ snapshots() }}
  {% if is_incremental() -%}
  union
  select distinct snapshot_date from {{ this }}
  where is_churned is null and matures_at <= {{ known_until() }}
  {%- endif %}
),

windows as (
  select
    snapshot_date,
    {{ add_days("cast(snapshot_date as timestamp)", var("churn").gap_days) }} as starts_at,
    {{ add_days("cast(snapshot_date as timestamp)", var("churn").gap_days + var("churn").horizon_days) }} as matures_at
  from due
),

stayers as (
  select distinct windows.snapshot_date, orders.user_id
  from windows
  inner join {{ ref("fct_orders") }} as orders
    on orders.ordered_at >= windows.starts_at
    and orders.ordered_at < windows.matures_at
    and {{ counted_at("windows.matures_at", "orders") }}
  where orders.is_purchase
)

select
  users.user_id,
  users.snapshot_date,
  '{{ var("churn").definition }}' as definition,
  users.status = 'eligible' as is_eligible,
  case when windows.matures_at <= {{ known_until() }} then stayers.user_id is null end as is_churned,
  windows.matures_at,
  {{ var("churn").gap_days }} as gap_days,
  {{ var("churn").horizon_days }} as horizon_days
from {{ ref("user_statuses") }} as users
inner join windows using (snapshot_date)
left join stayers using (snapshot_date, user_id)
