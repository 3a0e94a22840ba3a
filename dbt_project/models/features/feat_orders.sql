{{ config(materialized="ephemeral") }}

with purchases as (
  {{ purchases_before_snapshots() }}
),

-- Per band between two windows first: a window is the bands it is made of, so an order is read once, not once per
-- window.
bands as (
  select
    snapshot_date,
    user_id,
    {{ band_days("ordered_at") }} as band_days,
    max(ordered_at) as last_ordered_at,
    list(cast(ordered_at as date)) as ordered_dates,
    count(*) as orders,
    count(coupon_id) as coupon_orders,
    sum(amount) as spent,
    sum({{ product("amount", "amount") }}) as squares,
    min(amount) as smallest,
    max(amount) as largest,
    sum(discount_amount) as discount,
    sum(amount + discount_amount) as undiscounted,
    count(is_late) as promised_deliveries,
    sum(cast(is_late as integer)) as late_deliveries,
    sum(late_seconds) as late_seconds
  from purchases
  group by snapshot_date, user_id, band_days
),

totals as (
  select
    snapshot_date,
    user_id,
    max(last_ordered_at) as last_ordered_at,
    {{ collected("ordered_dates", are_lists=true) }} as ordered_dates,
    cast(sum(orders) as bigint) as orders_count,
    sum(coupon_orders) as coupon_orders,
    sum(spent) as spent,
    sum(squares) as squares,
    min(smallest) as smallest,
    max(largest) as largest,
    sum(promised_deliveries) as promised_deliveries,
    sum(late_deliveries) as late_deliveries,
    sum(late_seconds) as late_seconds,
    {{ per_band("orders", "cast(coalesce(sum(orders) [in window], 0) as bigint)") }},
    {{ per_band("spent_amount", "cast(coalesce(sum(spent) [in window], 0) as double)") }},
    {{ per_band(
      "discount_share",
      "cast(sum(discount) [in window] as double) / nullif(cast(sum(undiscounted) [in window] as double), 0)"
    ) }},
    {{ per_band("late_deliveries", "cast(sum(late_deliveries) [in window] as bigint)") }}
  from bands
  group by snapshot_date, user_id
),

orders_per_platform as (
  select snapshot_date, user_id, platform, count(platform) as orders
  from purchases
  where platform is not null
  group by snapshot_date, user_id, platform
),

platforms as (
  select
    snapshot_date,
    user_id,
    count(platform) as platforms_count,
    cast(max(orders) as double) / sum(orders) as main_platform_share
  from orders_per_platform
  group by snapshot_date, user_id
)

select
  totals.* exclude (
    coupon_orders, spent, squares, smallest, largest, promised_deliveries, late_deliveries, late_seconds
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
  platforms_count,
  main_platform_share,
  cast(late_deliveries as double) / nullif(promised_deliveries, 0) as late_delivery_share,
  cast(late_seconds as double) / 86400 / nullif(promised_deliveries, 0) as late_delivery_mean_days
from totals
left join platforms using (snapshot_date, user_id)
