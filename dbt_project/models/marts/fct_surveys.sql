{{
  config(
    materialized="incremental", incremental_strategy="delete+insert", unique_key=["user_id", "asked_at", "question"]
  )
}}

with arrived as (
  {{ arrived_rows("surveys") }}
),

{{ versions("surveys", key=["user_id", "asked_at", "question"]) }}
