{{ config(materialized="incremental", incremental_strategy="delete+insert", unique_key=["ticket_id"]) }}

with arrived as (
  {{ arrived_rows(ref("stg_support_tickets")) }}
),

{{ versions(key=["ticket_id"]) }}
