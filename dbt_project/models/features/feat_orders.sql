{{ config(materialized="ephemeral") }}

with purchases as (
  {{ purchases_before_snapshots() }}
)

select
  snapshot_date,
  user_id,
  {{ days_between("max(ordered_at)", "snapshot_date") }} as recency_days,
  count(*) as orders_count,
  cast(sum(amount) as double) as spent_amount,
  cast(sum(amount) as double) / count(*) as order_mean_amount,
  cast(max(amount) as double) as order_max_amount,
  cast(count(coupon_id) as double) / count(*) as coupon_order_share,
  {{ per_window("orders", "count(*) [in window]", "ordered_at") }},
  {{ per_window("spent_amount", "cast(coalesce(sum(amount) [in window], 0) as double)", "ordered_at") }},
  {{ per_window(
    "discount_share",
    "cast(sum(discount_amount) [in window] as double) / nullif(cast(sum(amount + discount_amount) [in window] as double), 0)",
    "ordered_at"
  ) }},
  {{ per_window("late_deliveries", "sum(cast(is_late as integer)) [in window]", "ordered_at") }}
from purchases
group by snapshot_date, user_id
