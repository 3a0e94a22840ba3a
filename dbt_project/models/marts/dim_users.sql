{{ config(materialized="incremental", incremental_strategy="delete+insert", unique_key="user_id") }}

-- Users the shop has not described yet exist from their first order on, with everything else unknown.
with described as (
  select *, true as is_described from ({{ arrived_rows("users") }})
),

seen_in_orders as (
  select orders.user_id, min(orders.known_at) as known_at, false as is_described
  from ({{ arrived_rows("orders") }}) as orders
  {% if is_incremental() -%}
  where not exists (
    select 1 from {{ this }} as held
    where held.user_id = orders.user_id and held.known_at < {{ consume_from("orders") }}
  )
  {%- endif %}
  group by orders.user_id
),

arrived as (
  select * from described
  union all by name
  select * from seen_in_orders
  where not exists (
    select 1 from described
    where described.user_id = seen_in_orders.user_id and described.known_at <= seen_in_orders.known_at
  )
  {% if is_incremental() -%}
  and not exists (
    select 1 from {{ this }} as held
    where held.user_id = seen_in_orders.user_id and held.is_described and held.known_at <= seen_in_orders.known_at
  )
  {%- endif %}
),

{{ versions("users", key=["user_id"]) }}
