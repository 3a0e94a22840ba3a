{{ config(materialized="incremental", incremental_strategy="delete+insert", unique_key="order_id") }}

with arrived as (
  {{ arrived_rows("orders") }}
),

{{ versions("orders", key=["order_id"]) }}
