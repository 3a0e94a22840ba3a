{{ config(materialized="incremental", incremental_strategy="delete+insert", unique_key=["ticket_id"]) }}

with arrived as (
  {{ arrived_rows("support_tickets") }}
),

{{ versions("support_tickets", key=["ticket_id"]) }}
