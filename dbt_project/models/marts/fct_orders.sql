{{ config(materialized="incremental", incremental_strategy="delete+insert", unique_key="order_id") }}

with arrived as (
  select
    *,
    coalesce(lower(status), '') not in (
      {%- for status in run_var("cancelled_statuses") %}
      '{{ status }}'{{ "," if not loop.last }}
      {%- endfor %}
    ) as is_purchase
  from ({{ arrived_rows("orders") }})
),

{{ versions("orders", key=["order_id"]) }}
