{{ config(materialized="incremental", incremental_strategy="delete+insert", unique_key=["contact_id"]) }}

with arrived as (
  {{ arrived_rows("contacts") }}
),

{{ versions("contacts", key=["contact_id"]) }}
