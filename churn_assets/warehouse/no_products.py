"""Items of orders that are no products: postage, deposit, gift wrap. They are never recommended.

Named in `decisions.no_products`, or inferred from the orders: two of three signs that a line is not what users came
for. One sign alone is no proof: bread is in many baskets, a new product may lack its category, a pencil is cheap.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import polars as pl

from churn_assets.contracts.counted import counted_at
from churn_assets.workplace import Workplace

NO_PRODUCTS = f"""
with described as (
  select product_id, name, category from marts.dim_products
  where {counted_at()}
),
lines as (
  select orders.order_id, items.product_id, items.category, items.unit_price
  from marts.fct_orders as orders
  inner join marts.fct_order_items as items on
    items.order_id = orders.order_id and {counted_at(row="items")}
  where orders.is_purchase and orders.ordered_at < $snapshot and orders.ordered_at >= $snapshot - to_days($days)
    and {counted_at(row="orders")}
),
sold as (
  select product_id, count(distinct order_id) as orders, median(unit_price) as price, min(category) as category
  from lines group by product_id
),
known as (
  select product_id, sold.orders, sold.price, described.name, coalesce(sold.category, described.category) as category
  from sold full join described using (product_id)
),
typical as (
  select (select count(distinct order_id) from lines) as orders, median(price) as price,
         count(category) filter (orders > 0) / nullif(count(*) filter (orders > 0), 0) as with_category_share
  from known
),
signs as (
  select product_id,
         list_contains($words, trim(lower(regexp_replace(product_id, '[\\s_-]+', ' ', 'g')))) or
           coalesce(list_contains($words, trim(lower(regexp_replace(name, '[\\s_-]+', ' ', 'g')))), false) as is_named,
         typical.orders >= $least_orders and known.orders >= $most_orders_share * typical.orders as is_in_most_orders,
         known.orders > 0 and known.category is null and typical.with_category_share >= $least_category_share
           as has_no_category,
         known.price <= $tiny_price_share * typical.price as is_tiny
  from known cross join typical
)
select product_id, concat_ws(' and ', case when is_named then 'named in decisions.no_products' end,
    case when is_in_most_orders then 'in most orders' end, case when has_no_category then 'without category' end,
    case when is_tiny then 'of a tiny price' end) as reason
from signs
where is_named or coalesce(is_in_most_orders, false)::int + coalesce(has_no_category, false)::int
  + coalesce(is_tiny, false)::int >= 2
order by product_id
"""
SIGNS = {
    "days": 182,
    "least_orders": 20,  # fewer orders are too few to infer it
    "most_orders_share": 0.5,
    "least_category_share": 0.9,  # where few products have categories, lacking one is no sign
    "tiny_price_share": 0.2,  # of the median price of the products sold
}


def no_products_at(workplace: Workplace, snapshot: date, words: Sequence[str]) -> pl.DataFrame:
    """One row per item that is no product, as known at `snapshot`: product_id, reason. `words`: ids or whole names."""
    names = [" ".join(word.lower().replace("-", " ").replace("_", " ").split()) for word in words]
    return workplace.warehouse.query(NO_PRODUCTS, {"snapshot": snapshot, "words": names, **SIGNS})
