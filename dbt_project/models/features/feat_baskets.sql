{{ config(materialized="ephemeral") }}

select
  purchases.snapshot_date,
  purchases.user_id,
  cast(sum(items.quantity) as double) / count(distinct purchases.order_id) as items_per_order,
  count(distinct items.category) as categories_count,
  1 - cast(sum(items.unit_price * items.quantity) filter (where items.list_price > 0) as double)
  / nullif(cast(sum(items.list_price * items.quantity) filter (where items.unit_price is not null) as double), 0)
    as below_list_price_share
from ({{ purchases_before_snapshots() }}) as purchases
inner join {{ ref("fct_order_items") }} as items
  on purchases.order_id = items.order_id and {{ counted_at("purchases.snapshot_date", "items") }}
where purchases.ordered_at >= {{ add_days("purchases.snapshot_date", -(var("windows_days") | max)) }}
group by purchases.snapshot_date, purchases.user_id
