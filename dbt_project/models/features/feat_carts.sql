{{ config(materialized="ephemeral") }}

-- Days on which something was put into the cart, and whether the user bought on that day or within the 7 days after it.
-- Days of the last week before the snapshot are left out: their orders may still come.
with cart_days as (
  select snapshots.snapshot_date, days.user_id, days.event_date
  from {{ snapshots() }} as snapshots
  inner join {{ ref("int_user_days") }} as days on {{ day_counts_at("snapshots.snapshot_date", "days") }}
  where days.carts > 0 and days.event_date < snapshots.snapshot_date - 7
),

purchases as (
  select
    snapshot_date,
    user_id,
    {{ dates_from("ordered_dates", "snapshot_date - " ~ longest_window()) }} as ordered_dates
  from {{ ref("feat_orders") }}
)

select
  cart_days.snapshot_date,
  cart_days.user_id,
  cast(count(*) filter (where {{ none_between(
    "purchases.ordered_dates", "cart_days.event_date", "cart_days.event_date + 7"
  ) }}) as double) / count(*) as abandoned_cart_share
from cart_days
left join purchases using (snapshot_date, user_id)
group by cart_days.snapshot_date, cart_days.user_id
