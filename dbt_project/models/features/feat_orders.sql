{{ config(materialized="ephemeral") }}

with purchases as (
  {{ purchases_before_snapshots() }}
),

totals as (
  select
    snapshot_date,
    user_id,
    max(ordered_at) as last_ordered_at,
    count(*) as orders_count,
    count(coupon_id) as coupon_orders,
    sum(amount) as spent,
    sum(amount * amount) as squares,
    min(amount) as smallest,
    max(amount) as largest,
    histogram(platform) as platforms,
    count(is_late) as promised_deliveries,
    count_if(is_late) as late_deliveries,
    sum(late_seconds) as late_seconds,
    {{ per_window("orders", "count(*) [in window]", "ordered_at") }},
    {{ per_window("spent_amount", "cast(coalesce(sum(amount) [in window], 0) as double)", "ordered_at") }},
    {{ per_window(
      "discount_share",
      "cast(sum(discount_amount) [in window] as double)"
      ~ " / nullif(cast(sum(amount + discount_amount) [in window] as double), 0)",
      "ordered_at"
    ) }},
    {{ per_window("late_deliveries", "sum(cast(is_late as integer)) [in window]", "ordered_at") }}
  from purchases
  group by snapshot_date, user_id
)

select
  * exclude (
    coupon_orders, spent, squares, smallest, largest, platforms, promised_deliveries, late_deliveries, late_seconds
  ),
  {{ days_between("last_ordered_at", "snapshot_date") }} as recency_days,
  cast(spent as double) as spent_amount,
  cast(spent as double) / orders_count as order_mean_amount,
  case
    when orders_count > 1
      then sqrt(greatest(cast(squares as double) / orders_count - power(cast(spent as double) / orders_count, 2), 0))
  end as order_spread_amount,
  cast(smallest as double) as order_min_amount,
  cast(largest as double) as order_max_amount,
  cast(coupon_orders as double) / orders_count as coupon_order_share,
  nullif(cardinality(platforms), 0) as platforms_count,
  cast(list_max(map_values(platforms)) as double) / list_sum(map_values(platforms)) as main_platform_share,
  cast(late_deliveries as double) / nullif(promised_deliveries, 0) as late_delivery_share,
  cast(late_seconds as double) / 86400 / nullif(promised_deliveries, 0) as late_delivery_mean_days
from totals
