{{ config(materialized="incremental", incremental_strategy="delete+insert", unique_key="snapshot_date") }}

-- From when on the shop recorded what it need not record: before, a user without such rows is unknown, not zero.
with recorded as (
  select
    visits.*,
    (select min(greatest(known_at, returned_at)) from {{ ref("fct_returns") }}) as returns_from
  from ({{ visits_recorded_from() }}) as visits
),

features as (
  select
    users.snapshot_date,
    users.user_id,
    {{ days_between("users.first_seen_at", "users.snapshot_date") }} as tenure_days,
    orders.* exclude (
      snapshot_date, user_id, orders_count, spent_amount, {{ windowed("orders") }}, {{ windowed("spent_amount") }}
    ),
    coalesce(orders.orders_count, 0) as orders_count,
    coalesce(orders.spent_amount, 0) as spent_amount,
    {{ zero_if_recorded("orders", "true") }},
    {{ zero_if_recorded("spent_amount", "true") }},
    rhythm.* exclude (snapshot_date, user_id),
    baskets.* exclude (snapshot_date, user_id),
    case when recorded.returns_from < users.snapshot_date then coalesce(returns.returns_count, 0) end as returns_count,
    {{ zero_if_recorded("returns", "recorded.returns_from < users.snapshot_date") }},
    {{ zero_if_recorded("returned_amount", "recorded.returns_from < users.snapshot_date") }},
    {{ visit_features() }}
  from {{ ref("user_statuses") }} as users
  cross join recorded
  left join {{ ref("feat_orders") }} as orders using (snapshot_date, user_id)
  left join {{ ref("feat_rhythm") }} as rhythm using (snapshot_date, user_id)
  left join {{ ref("feat_baskets") }} as baskets using (snapshot_date, user_id)
  left join {{ ref("feat_returns") }} as returns using (snapshot_date, user_id)
  left join {{ ref("feat_browsing") }} as browsing using (snapshot_date, user_id)
  left join {{ ref("feat_social") }} using (snapshot_date, user_id)
  left join {{ ref("feat_searches") }} using (snapshot_date, user_id)
  left join {{ ref("feat_carts") }} as carts using (snapshot_date, user_id)
  where users.snapshot_date in (select snapshot_date from {{ snapshots() }})
)

select
  *,
  spent_amount_{{ longest_window() }}d / greatest(least(tenure_days, {{ longest_window() }}), 1)
    as spent_per_day_amount,
  cast(returns_count as double) / nullif(orders_count, 0) as return_share,
  cast(orders_{{ longest_window() }}d as double) / nullif(cart_sessions_{{ longest_window() }}d, 0)
    as orders_per_cart_session,
  {{ trends("orders", "orders") }},
  {{ trends("spent", "spent_amount") }},
  {{ trends("sessions", "sessions") }},
  {{ trends("views", "views") }},
  {{ trends("carts", "carts") }}
from features
