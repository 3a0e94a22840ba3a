{{ config(materialized="ephemeral") }}

with users as (
  {{ users_at_snapshots() }}
),

orders as (
  select
    snapshot_date,
    user_id
    {{- extra_features("orders") }}
  from ({{ purchases_before_snapshots() }}) as purchases
  group by snapshot_date, user_id
)

select
  users.snapshot_date,
  users.user_id
  {{- extra_features("users") }}
  {{- extra_features("orders", given="orders") }}
from users
left join orders using (snapshot_date, user_id)
