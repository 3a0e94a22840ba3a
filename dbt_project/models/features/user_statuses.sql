{{ config(materialized="by_snapshot", unique_key="snapshot_date") }}

{%- set channels = run_var("channels") %}
{%- set active_within = run_var("churn").active_within_days %}

with users as (
  select
    snapshots.snapshot_date,
    users.user_id,
    users.registered_at,
    case when users.is_described then nullif(users.known_at, {{ always_known() }}) end as described_at
  from {{ snapshots() }} as snapshots
  inner join {{ ref("dim_users") }} as users on {{ counted_at("snapshots.snapshot_date", "users") }}
),

purchases as (
  select
    snapshots.snapshot_date,
    orders.user_id,
    count(*) as orders,
    min(orders.ordered_at) filter (where orders.is_purchase) as first_ordered_at,
    max(orders.ordered_at) filter (where orders.is_purchase) as last_ordered_at
  from {{ snapshots() }} as snapshots
  inner join {{ ref("fct_orders") }} as orders
    on {{ counted_at("snapshots.snapshot_date", "orders") }} and orders.ordered_at < snapshots.snapshot_date
  where orders.is_purchase
  group by snapshots.snapshot_date, orders.user_id
),

words as (
  select
    snapshots.snapshot_date,
    consents.user_id,
    {%- for channel in channels + ["all"] %}
    {{ newest_consents(channel, "snapshots.snapshot_date") }}{{ "," if not loop.last }}
    {%- endfor %}
  from {{ snapshots() }} as snapshots
  inner join {{ ref("fct_consents") }} as consents on consents.known_at < snapshots.snapshot_date
  group by snapshots.snapshot_date, consents.user_id
),

consents as (
  select
    snapshot_date,
    user_id,
    {%- for channel in channels %}
    {{ consent_holds(channel) }} as consent_{{ channel }}{{ "," if not loop.last }}
    {%- endfor %}
  from words
)

select
  users.snapshot_date,
  users.user_id,
  case
    -- Whoever said no to something and yes to nothing that still holds.
    when not greatest(
      {%- for channel in channels %}
      consents.consent_{{ channel }}{{ "," if not loop.last }}
      {%- endfor %}
    ) then 'objected'
    when purchases.last_ordered_at is null then 'new'
    {%- if active_within %}
    when purchases.last_ordered_at < {{ add_days("users.snapshot_date", -active_within) }} then 'lapsed'
    {%- endif %}
    else 'eligible'
  end as status,
  coalesce(least(users.registered_at, purchases.first_ordered_at), users.described_at) as first_seen_at,
  {%- for channel in channels %}
  consents.consent_{{ channel }}{{ "," if not loop.last }}
  {%- endfor %}
from users
left join purchases using (snapshot_date, user_id)
left join consents using (snapshot_date, user_id)
-- Who is known from an order only is there once that order has been placed, not when it is told in advance. Neither is
-- who is described without any date there before the first purchase.
where users.registered_at < users.snapshot_date
  or (users.registered_at is null and users.described_at is not null)
  or purchases.orders > 0
