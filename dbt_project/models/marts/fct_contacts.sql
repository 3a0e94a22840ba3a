{{ config(materialized="incremental", incremental_strategy="delete+insert", unique_key=["contact_id"]) }}

with arrived as (
  {{ arrived_rows(ref("stg_contacts")) }}
),

{{ versions(key=["contact_id"]) }}
