{{ config(materialized="incremental", incremental_strategy="delete+insert", unique_key=["return_id"]) }}

with arrived as (
  {{ arrived_rows("returns") }}
),

{{ versions("returns", key=["return_id"]) }}
