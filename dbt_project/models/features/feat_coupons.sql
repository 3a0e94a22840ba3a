{{ config(materialized="ephemeral") }}

with coupons as (
  select
    snapshot_date,
    user_id,
    coalesce(redeemed_at < snapshot_date, false) as is_redeemed,
    coalesce(expires_at < snapshot_date, false) as is_expired
  from ({{ rows_before_snapshots("fct_coupons", "issued_at", longest_window()) }})
)

select
  snapshot_date,
  user_id,
  count(*) as coupons_received_count,
  count(*) filter (where is_redeemed) as coupons_redeemed_count,
  count(*) filter (where is_expired and not is_redeemed) as coupons_expired_count,
  cast(count(*) filter (where is_redeemed) as double) / count(*) as coupon_redeemed_share
from coupons
group by snapshot_date, user_id
