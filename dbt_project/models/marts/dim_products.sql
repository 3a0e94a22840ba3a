{{ config(materialized="incremental", incremental_strategy="delete+insert", unique_key=["product_id"]) }}

with arrived as (
  {{ arrived_rows("products") }}
),

{{ versions("products", key=["product_id"]) }}
