{{ config(materialized="incremental", incremental_strategy="delete+insert", unique_key=["coupon_id", "user_id"]) }}

with arrived as (
  {{ arrived_rows("coupons") }}
),

{{ versions("coupons", key=["coupon_id", "user_id"]) }}
