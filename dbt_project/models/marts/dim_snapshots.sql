{{ config(materialized="incremental", incremental_strategy="delete+insert", unique_key="snapshot_date") }}

-- Last of the marts on purpose: a boundary stands here only once every mart has consumed what was known before it.
{% for mart in [
  "dim_users",
  "fct_orders",
  "fct_order_items",
  "int_user_days",
  "fct_returns",
  "int_review_sentiments",
  "fct_coupons",
  "fct_support_tickets",
  "fct_contacts",
  "fct_consents",
  "dim_products",
  "dim_coupon_codes",
] -%}
-- depends_on: {{ ref(mart) }}
{% endfor %}
{%- set churn = run_var("churn") %}
select
  snapshot_date,
  {{ add_days("cast(snapshot_date as timestamp)", churn.gap_days) }} as label_starts_at,
  {{ add_days("cast(snapshot_date as timestamp)", churn.gap_days + churn.horizon_days) }} as matures_at
from {{ snapshots() }}
