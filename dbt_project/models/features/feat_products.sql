{{ config(materialized="ephemeral") }}

{%- set recent_days = run_var("windows_days")[-2] %}
{%- set is_recent = "(where purchases.ordered_at >= " ~ add_days("purchases.snapshot_date", -recent_days) ~ ")" %}

-- Up in steps, product, category, user: no step needs a distinct count or the lines themselves again.
with products as (
  select
    purchases.snapshot_date,
    purchases.user_id,
    min(items.category) as category,
    count(*) as lines,
    min(purchases.ordered_at) < max(purchases.ordered_at) as is_repeated,
    sum({{ product("items.unit_price", "items.quantity") }}) filter (where items.list_price > 0) as paid_of_listed,
    sum({{ product("items.list_price", "items.quantity") }}) filter (where items.unit_price is not null) as listed,
    sum({{ product("items.unit_price", "items.quantity") }}) as paid,
    sum(items.quantity) filter (where items.unit_price is not null) as units,
    coalesce(sum({{ product("items.unit_price", "items.quantity") }}) filter {{ is_recent }}, 0) as recent_paid,
    coalesce(
      sum(items.quantity) filter {{ is_recent | replace("(where ", "(where items.unit_price is not null and ") }}, 0
    ) as recent_units
  from ({{ purchases_before_snapshots() }}) as purchases
  inner join {{ ref("fct_order_items") }} as items
    on purchases.order_id = items.order_id and {{ counted_at("purchases.snapshot_date", "items") }}
  where purchases.ordered_at >= {{ add_days("purchases.snapshot_date", -(run_var("windows_days") | max)) }}
  group by purchases.snapshot_date, purchases.user_id, items.product_id
),

-- What the products bought both recently and before would have cost at the prices the user paid before.
priced as (
  select
    *,
    case
      when recent_units > 0
        then cast(recent_units * (paid - recent_paid) / nullif(units - recent_units, 0) as decimal(38, 4))
    end as recent_at_old_prices
  from products
),

categories as (
  select
    snapshot_date,
    user_id,
    category,
    count(*) as products,
    count_if(is_repeated) as repeated,
    sum(lines) as lines,
    sum(paid_of_listed) as paid_of_listed,
    sum(listed) as listed,
    sum(recent_paid) filter (where recent_at_old_prices > 0) as recent_paid,
    sum(recent_at_old_prices) as recent_at_old_prices
  from priced
  group by snapshot_date, user_id, category
),

shares as (
  select
    *,
    lines / sum(lines) filter (where category is not null) over (partition by snapshot_date, user_id) as line_share
  from categories
)

select
  snapshot_date,
  user_id,
  count(category) as categories_count,
  -cast(sum(cast(line_share * ln(line_share) as decimal(18, 9))) filter (where category is not null) as double)
    as category_entropy,
  cast(sum(repeated) as double) / sum(products) as repeat_product_share,
  1 - cast(sum(paid_of_listed) as double) / nullif(cast(sum(listed) as double), 0) as below_list_price_share,
  cast(sum(recent_paid) as double) / nullif(cast(sum(recent_at_old_prices) as double), 0) as basket_price_index
from shares
group by snapshot_date, user_id
