{{ config(materialized="ephemeral") }}

select
  purchases.snapshot_date,
  purchases.user_id,
  cast(sum(items.quantity) as double) / count(distinct purchases.order_id) as items_per_order
from ({{ purchases_before_snapshots() }}) as purchases
inner join {{ ref("fct_order_items") }} as items
  on purchases.order_id = items.order_id and {{ counted_at("purchases.snapshot_date", "items") }}
where purchases.ordered_at >= {{ add_days("purchases.snapshot_date", -(run_var("windows_days") | max)) }}
group by purchases.snapshot_date, purchases.user_id
