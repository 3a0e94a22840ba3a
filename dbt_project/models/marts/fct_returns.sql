{{ config(materialized="incremental", incremental_strategy="delete+insert", unique_key=["return_id"]) }}

with arrived as (
  {{ arrived_rows(ref("stg_returns")) }}
),

{{ versions(key=["return_id"]) }}
