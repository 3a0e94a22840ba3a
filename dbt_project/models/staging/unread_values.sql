{{ config(materialized="table") }}

{% if execute %}
  {%- for table in raw_tables() %}
    {{ unread(table.name) }}
    {{ "union all" if not loop.last }}
  {%- endfor %}
{% endif %}
{# Named here because the loop runs at execution only, when it is too late to add edges to the graph. -#}
{%- for name in [
  "consents",
  "contacts",
  "coupon_codes",
  "coupons",
  "events",
  "order_items",
  "orders",
  "products",
  "returns",
  "reviews",
  "support_tickets",
  "users",
] -%}
  {%- do source("raw", name) -%}
{%- endfor %}
