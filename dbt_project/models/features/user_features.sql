{{ config(materialized="by_snapshot", unique_key="snapshot_date") }}

-- From when on the shop recorded what it need not record: before, a user without such rows is unknown, not zero.
with recorded as (
  select
    visits.*,
    (select min(greatest(known_at, returned_at)) from {{ ref("fct_returns") }}) as returns_from,
    (select min(greatest(known_at, reviewed_at)) from {{ ref("fct_reviews") }}) as reviews_from,
    (select min(greatest(known_at, opened_at)) from {{ ref("fct_support_tickets") }}) as tickets_from,
    (select min(greatest(known_at, issued_at)) from {{ ref("fct_coupons") }}) as coupons_from,
    (select min(greatest(known_at, sent_at)) from {{ ref("fct_contacts") }}) as contacts_from
  from ({{ visits_recorded_from() }}) as visits
),

features as (
  select
    users.snapshot_date,
    users.user_id,
    {{ days_between("users.first_seen_at", "users.snapshot_date") }} as tenure_days,
    profiles.* exclude (snapshot_date, user_id),
    orders.* exclude (
      snapshot_date, user_id, last_ordered_at, ordered_dates, orders_count, spent_amount,
      {{ windowed("orders") }}, {{ windowed("spent_amount") }}
    ),
    coalesce(orders.orders_count, 0) as orders_count,
    coalesce(orders.spent_amount, 0) as spent_amount,
    {{ zero_if_recorded("orders", "true") }},
    {{ zero_if_recorded("spent_amount", "true") }},
    rhythm.* exclude (snapshot_date, user_id, purchase_days_count),
    coalesce(rhythm.purchase_days_count, 0) as purchase_days_count,
    baskets.* exclude (snapshot_date, user_id),
    products.* exclude (snapshot_date, user_id),
    {{ count_if_recorded(
      ["returns_count", "returned_amount", "return_reasons_count"], "recorded.returns_from < users.snapshot_date"
    ) }},
    returns.quality_return_share,
    {{ zero_if_recorded("returns", "recorded.returns_from < users.snapshot_date") }},
    {{ zero_if_recorded("returned_amount", "recorded.returns_from < users.snapshot_date") }},
    {{ zero_if_recorded("reviews", "recorded.reviews_from < users.snapshot_date") }},
    reviews.* exclude (snapshot_date, user_id, {{ windowed("reviews") }}),
    {{ zero_if_recorded("tickets", "recorded.tickets_from < users.snapshot_date") }},
    {{ count_if_recorded(["unanswered_tickets_count"], "recorded.tickets_from < users.snapshot_date") }},
    service.first_reply_mean_hours,
    service.satisfaction_mean,
    {{ count_if_recorded(
      ["coupons_received_count", "coupons_redeemed_count", "coupons_expired_count"],
      "recorded.coupons_from < users.snapshot_date"
    ) }},
    coupons.coupon_redeemed_share,
    {%- for measure in ["contacts", "contacts_opened", "contacts_clicked"] %}
    {{ zero_if_recorded(measure, "recorded.contacts_from < users.snapshot_date") }},
    {%- endfor %}
    contacts.contact_open_share,
    contacts.contact_click_share,
    contacts.days_since_contact,
    case
      when recorded.contacts_from < users.snapshot_date and orders.orders_count > 0
        then coalesce(contacts.contacts_since_order_count, 0)
    end as contacts_since_order_count,
    {%- if run_var("extra") %}
    extra.* exclude (snapshot_date, user_id),
    {%- endif %}
    {{ visit_features() }}
  from {{ ref("user_statuses") }} as users
  cross join recorded
  left join {{ ref("feat_orders") }} as orders using (snapshot_date, user_id)
  left join {{ ref("feat_rhythm") }} as rhythm using (snapshot_date, user_id)
  left join {{ ref("feat_baskets") }} as baskets using (snapshot_date, user_id)
  left join {{ ref("feat_returns") }} as returns using (snapshot_date, user_id)
  left join {{ ref("feat_profile") }} as profiles using (snapshot_date, user_id)
  left join {{ ref("feat_products") }} as products using (snapshot_date, user_id)
  left join {{ ref("feat_reviews") }} as reviews using (snapshot_date, user_id)
  left join {{ ref("feat_service") }} as service using (snapshot_date, user_id)
  left join {{ ref("feat_coupons") }} as coupons using (snapshot_date, user_id)
  left join {{ ref("feat_contacts") }} as contacts using (snapshot_date, user_id)
  left join {{ ref("feat_browsing") }} as browsing using (snapshot_date, user_id)
  left join {{ ref("feat_social") }} using (snapshot_date, user_id)
  left join {{ ref("feat_searches") }} using (snapshot_date, user_id)
  left join {{ ref("feat_carts") }} as carts using (snapshot_date, user_id)
  {% if not execute or run_var("extra") -%}
  left join {{ ref("feat_extra") }} as extra using (snapshot_date, user_id)
  {% endif -%}
  where users.snapshot_date in (select snapshot_date from {{ snapshots() }})
)

select
  *,
  spent_amount_{{ longest_window() }}d / greatest(least(tenure_days, {{ longest_window() }}), 1)
    as spent_per_day_amount,
  cast(returns_count as double) / nullif(orders_count, 0) as return_share,
  returned_amount / nullif(spent_amount, 0) as returned_spend_share,
  cast(orders_{{ longest_window() }}d as double) / nullif(cart_sessions_{{ longest_window() }}d, 0)
    as orders_per_cart_session,
  {{ trends("orders", "orders") }},
  {{ accelerations("orders", "orders") }},
  {{ trends("spent", "spent_amount") }},
  {{ accelerations("spent", "spent_amount") }},
  {{ trends("sessions", "sessions") }},
  {{ trends("views", "views") }},
  {{ trends("carts", "carts") }}
from features
