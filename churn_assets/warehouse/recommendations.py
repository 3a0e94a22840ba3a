"""Items to recommend to a user: viewed, bought together with theirs, bought before, popular in their category.

One query over the marts, as known at the snapshot. Items that are no products are excluded (no_products.py). Products
of events are in staging only, so their versions and times are taken from fct_events and the product from the same row
of staging. Similarity is item-to-item by cosine over users' baskets (Sarwar, Karypis, Konstan, Riedl 2001, with
purchases instead of ratings): together(i, j) / sqrt(users(i) * users(j)), where at least three users have both, summed
over the user's own last ten products, of each product its 50 nearest.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import polars as pl

from churn_assets.contracts.counted import counted_at
from churn_assets.warehouse.product_names import NAMED_LIMITS, NAMED_PRODUCTS
from churn_assets.workplace import Workplace

# Sums of similarities are of decimals: those of floats depend on the order of threads in the last digit, and so would
# the rank of two items that are equally near.
RECOMMENDED = f"""
with target_users as (
  select distinct unnest(cast($users as varchar[])) as user_id
),
no_products as (
  select unnest(cast($no_products as varchar[])) as product_id
),
described as (
  {NAMED_PRODUCTS}
),
purchases as (
  select orders.user_id, orders.order_id, orders.ordered_at, items.product_id,
         coalesce(items.category, described.category) as category
  from marts.fct_orders as orders
  inner join marts.fct_order_items as items on
    items.order_id = orders.order_id and {counted_at(row="items")}
  left join described on described.product_id = items.product_id
  anti join no_products on no_products.product_id = items.product_id
  where orders.is_purchase and orders.ordered_at < $snapshot and {counted_at(row="orders")}
),
bought as materialized (
  select user_id, product_id, max(ordered_at) as bought_at from purchases group by user_id, product_id
),
viewed as (
  select events.user_id, staged.product_id,
         row_number() over (
           partition by events.user_id order by max(events.occurred_at) desc, staged.product_id
         ) as place
  from marts.fct_events as events
  semi join target_users on target_users.user_id = events.user_id
  inner join staging.stg_events as staged on
    staged.event_id = events.event_id and staged.known_at = events.known_at
    and staged.occurred_at >= $snapshot - to_days($viewed_days)
  anti join bought on bought.user_id = events.user_id and bought.product_id = staged.product_id
  anti join no_products on no_products.product_id = staged.product_id
  where events.event_type in ('view', 'add_to_cart', 'favorite') and staged.product_id is not null
    and events.occurred_at >= $snapshot - to_days($viewed_days) and events.occurred_at < $snapshot
    and {counted_at(row="events")}
  group by events.user_id, staged.product_id
  qualify place <= $viewed_items
),
baskets as materialized (
  select user_id, product_id,
         row_number() over (partition by user_id order by bought_at desc, product_id) as newness
  from bought where bought_at >= $snapshot - to_days($basket_days)
  qualify newness <= $basket_products
),
buyers as (
  select product_id, count(*) as users from baskets group by product_id
),
pairs as (
  select mine.product_id, other.product_id as other_id, count(*) as users
  from baskets as mine
  inner join baskets as other on other.user_id = mine.user_id and other.product_id <> mine.product_id
  group by mine.product_id, other.product_id having count(*) >= $least_users
),
alike as (
  select pairs.product_id, pairs.other_id,
         cast(pairs.users / sqrt(mine.users * other.users) as decimal(18, 12)) as cosine
  from pairs
  inner join buyers as mine on mine.product_id = pairs.product_id
  inner join buyers as other on other.product_id = pairs.other_id
  qualify row_number() over (partition by pairs.product_id order by cosine desc, pairs.other_id) <= $nearest
),
scores as (
  select own.user_id, alike.other_id as product_id, sum(alike.cosine) as score
  from baskets as own
  semi join target_users on target_users.user_id = own.user_id
  inner join alike on alike.product_id = own.product_id
  where own.newness <= $own_products
  group by own.user_id, alike.other_id
),
together as (
  select user_id, product_id, row_number() over (partition by user_id order by score desc, product_id) as place
  from scores anti join bought using (user_id, product_id)
  qualify place <= $items + $viewed_items
),
again as (
  select user_id, product_id,
         row_number() over (
           partition by user_id order by count(distinct order_id) desc, max(ordered_at) desc, product_id
         ) as place
  from purchases semi join target_users using (user_id)
  where ordered_at >= $snapshot - to_days($basket_days)
  group by user_id, product_id
  having count(distinct order_id) >= $least_times and max(ordered_at) < $snapshot - to_days($rest_days)
  qualify place <= $items
),
favourites as (
  select user_id, category from purchases
  where ordered_at >= $snapshot - to_days($basket_days) and category is not null
  group by user_id, category
  qualify row_number() over (partition by user_id order by count(distinct order_id) desc, category) = 1
),
popular_products as (
  select category, product_id, grouping(category) = 1 as is_overall,
         row_number() over (
           partition by category, grouping(category) order by count(distinct user_id) desc, product_id
         ) as place
  from purchases where ordered_at >= $snapshot - to_days($popular_days)
  group by grouping sets ((category, product_id), (product_id))
  qualify place <= $popular_products
),
popular as (
  select target_users.user_id, products.product_id, products.place
  from target_users
  left join favourites on favourites.user_id = target_users.user_id
  inner join popular_products as products on
    products.category is not distinct from favourites.category
    and products.is_overall = (favourites.category is null)
  anti join bought on bought.user_id = target_users.user_id and bought.product_id = products.product_id
),
candidates as (
  select user_id, product_id, 1 as turn, 'viewed' as source, place from viewed
  union all select user_id, product_id, 2, 'bought_together', place from together
  union all select user_id, product_id, 3, 'bought_before', place from again
  union all select user_id, product_id, 4, 'popular', place from popular
),
different as (
  select * from candidates
  qualify row_number() over (partition by user_id, product_id order by turn) = 1
),
ranked as (
  select * from different
  qualify row_number() over (partition by user_id, turn order by place) <= $items
)
select ranked.user_id, cast($snapshot as date) as snapshot_date,
       row_number() over (partition by ranked.user_id order by ranked.turn, ranked.place) as item_rank,
       ranked.product_id, ranked.source,
       described.name,
       case when regexp_full_match(described.url, $url) then described.url end as url,
       case when regexp_full_match(described.image_url, $url) then described.image_url end as image_url
from ranked
left join described on described.product_id = ranked.product_id
order by ranked.user_id, item_rank
"""
# A basket of n products makes n * (n - 1) pairs: one reseller could cost more than everybody else. Measured on a shop
# of 20,000 users over 182 days (2026-11): 8 products per buyer, 33 at the 99th percentile, 67 at most, 1.22 million
# pairs in all, which one basket of 1,100 products would double. The newest 50 cut the baskets of 7 of 11,389 buyers.
BASKET_PRODUCTS = 50
# Of each product the 50 nearest, of the 20 to 50 at which Sarwar et al. found no more to gain. Of what was recommended
# so, bought within 28 days: Complete Journey 2.0 % with 10, 2.5 % with 30, 2.6 % with 50 and with all; the simulated
# shop 2.2 % with each. With all, 1,000,000 users of 480 products made 2.7 billion pairs and took 21 GB
# where 50 take 140 s within 8 GB (2026-11-30).
NEAREST = 50
# A user who has bought more than 17 of the list gets fewer than three items.
POPULAR_PRODUCTS = 20
# Allowed in a text: an http link.
URL = r"https?://[^\s{}<>\"]{1,500}"
LIMITS = {
    "items": 3,  # per source
    "viewed_days": 28,
    "viewed_items": 2,
    "basket_days": 182,
    "basket_products": BASKET_PRODUCTS,
    "own_products": 10,
    "nearest": NEAREST,
    "least_users": 3,
    "popular_days": 91,
    "popular_products": POPULAR_PRODUCTS,
    "rest_days": 28,
    "least_times": 2,  # one purchase is no habit: a washing machine is not bought again
    "url": URL,
    **NAMED_LIMITS,
}


def recommendations_at(
    workplace: Workplace, snapshot: date, user_ids: pl.Series, no_products: Sequence[str] = ()
) -> pl.DataFrame:
    """One row per user of `user_ids` and item_rank, as known at `snapshot` (contract RecommendedItems).

    At most three items per user and source, fewer or none where nothing is known; no product twice, none of
    `no_products`. In this order: `viewed` (at most two, the latest first): viewed, put into the cart or marked as
    favourite in the last 28 days and never bought; `bought_together`: see above, over 182 days, never bought by the
    user; `bought_before`: bought with at least two orders in 182 days, the last of them more than 28 days ago;
    `popular`: bought by most users of the last 91 days, in the category the user bought most often in 182 days, overall
    if there is none, never bought by the user. Ties go to the product that sorts first. A name that no text can hold
    (product_names.py) and a link that is none of the web are null. Sorted by user_id, item_rank.
    """
    parameters = {"snapshot": snapshot, "users": user_ids.to_list(), "no_products": list(no_products)}
    return workplace.warehouse.query(RECOMMENDED, {**parameters, **LIMITS})
