{{ config(materialized="incremental", incremental_strategy="delete+insert", unique_key=["review_id"]) }}

with arrived as (
  {{ arrived_rows(ref("stg_reviews")) }}
),

{{ versions(key=["review_id"]) }}
