{{ config(materialized="incremental", incremental_strategy="delete+insert", unique_key=["code"]) }}

with arrived as (
  {{ arrived_rows("coupon_codes") }}
),

{{ versions("coupon_codes", key=["code"]) }}
