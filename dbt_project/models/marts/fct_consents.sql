{{ config(
  materialized="incremental",
  incremental_strategy="delete+insert",
  unique_key=["user_id", "channel", "purpose", "changed_at"]
) }}

with arrived as (
  {{ arrived_rows("consents") }}
),

{{ versions("consents", key=["user_id", "channel", "purpose", "changed_at"]) }}
