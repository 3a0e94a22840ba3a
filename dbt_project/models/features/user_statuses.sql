{{ config(materialized="by_snapshot", unique_key="snapshot_date") }}

{%- set channels = ["email", "sms", "push", "call"] %}
{%- set active_within = run_var("churn").active_within_days %}

with users as (
  select
    snapshots.snapshot_date,
    users.user_id,
    users.registered_at,
    users.is_described,
    nullif(users.known_at, {{ always_known() }}) as described_at
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

-- The newest word per channel on direct marketing; `all` speaks for every channel.
newest_words as (
  select
    snapshots.snapshot_date,
    consents.user_id,
    consents.channel,
    arg_max(consents.is_granted, consents.changed_at) as is_granted
  from {{ snapshots() }} as snapshots
  inner join {{ ref("fct_consents") }} as consents
    on {{ counted_at("snapshots.snapshot_date", "consents") }} and consents.changed_at < snapshots.snapshot_date
  where consents.purpose = 'direct_marketing'
  group by snapshots.snapshot_date, consents.user_id, consents.channel
),

consents as (
  select
    snapshot_date,
    user_id,
    bool_and(is_granted) filter (where channel = 'all') as consent_all,
    {%- for channel in channels %}
    bool_and(is_granted) filter (where channel = '{{ channel }}') as consent_{{ channel }},
    {%- endfor %}
    not bool_or(is_granted) as is_refusing_everything
  from newest_words
  group by snapshot_date, user_id
)

select
  users.snapshot_date,
  users.user_id,
  case
    when consents.is_refusing_everything or not consents.consent_all then 'objected'
    when purchases.last_ordered_at is null then 'new'
    {%- if active_within %}
    when purchases.last_ordered_at < {{ add_days("users.snapshot_date", -active_within) }} then 'lapsed'
    {%- endif %}
    else 'eligible'
  end as status,
  coalesce(least(users.registered_at, purchases.first_ordered_at), users.described_at) as first_seen_at,
  {%- for channel in channels %}
  coalesce(
    consents.consent_all and consents.consent_{{ channel }}, consents.consent_{{ channel }}, consents.consent_all
  ) as consent_{{ channel }}{{ "," if not loop.last }}
  {%- endfor %}
from users
left join purchases using (snapshot_date, user_id)
left join consents using (snapshot_date, user_id)
-- Who is known from an order only is there once that order has been placed, not when it is told in advance.
where users.registered_at < users.snapshot_date
  or (users.registered_at is null and users.is_described)
  or purchases.orders > 0
