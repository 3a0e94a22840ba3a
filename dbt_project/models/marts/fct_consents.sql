{{ config(materialized="incremental", incremental_strategy="delete+insert", unique_key=["user_id", "channel", "purpose", "changed_at"]) }}

with arrived as (
  {{ arrived_rows(ref("stg_consents")) }}
),

{{ versions(key=["user_id", "channel", "purpose", "changed_at"]) }}
