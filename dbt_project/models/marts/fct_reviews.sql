{{ config(materialized="incremental", incremental_strategy="delete+insert", unique_key=["review_id"]) }}

with arrived as (
  {{ arrived_rows("reviews") }}
),

{{ versions("reviews", key=["review_id"]) }}
