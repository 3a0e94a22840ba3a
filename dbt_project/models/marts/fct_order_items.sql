{{ config(materialized="incremental", incremental_strategy="delete+insert", unique_key=["order_id", "product_id"]) }}

with arrived as (
  {{ arrived_rows("order_items") }}
),

{{ versions_of_lines("order_items", key=["order_id", "product_id"]) }}
