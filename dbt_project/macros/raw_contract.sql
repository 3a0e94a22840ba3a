{# The raw contract of models/staging/raw.yml, as seen by SQL. Sources live in the graph only while dbt executes. The
   views raw.<table> are made by whoever starts dbt (churn_assets/landing/raw_views.py). #}

{% macro raw_tables() %}
  {{ return(graph.sources.values() | selectattr("source_name", "equalto", "raw") | sort(attribute="name") | list) }}
{% endmacro %}

{% macro raw_table(name) %}
  {{ return(raw_tables() | selectattr("name", "equalto", name) | first) }}
{% endmacro %}

{# Each raw table with the last mart that is made of its rows. Besides raw.yml the one place in SQL that names them all:
   the edges of the graph are drawn while dbt parses, when it does not know its sources yet. A test holds it against
   raw.yml. #}
{% macro marts_of_raw_tables() %}
  {{ return({
    "consents": "fct_consents",
    "contacts": "fct_contacts",
    "coupon_codes": "dim_coupon_codes",
    "coupons": "fct_coupons",
    "events": "int_user_days",
    "order_items": "fct_order_items",
    "orders": "fct_orders",
    "products": "dim_products",
    "returns": "fct_returns",
    "reviews": "int_review_sentiments",
    "support_tickets": "fct_support_tickets",
    "surveys": "fct_surveys",
    "users": "dim_users",
  }) }}
{% endmacro %}

{% macro has_raw_column(table, column) %}
  {{ return(column in (run_var("landing").get(table) or {}).get("columns", [])) }}
{% endmacro %}

{# Columns that a row has from the start: not when it was delivered, redeemed, answered. Which of two rows of one known
   time counts may not depend on what is still to come. #}
{% macro told_at_once(table) -%}
{%- if execute -%}
  {%- set names = [] -%}
  {%- for column in raw_table(table).columns.values() if not column.meta.contact and column.name != "ingested_at" -%}
    {%- if column.data_type != "timestamp" or column.meta.event_time or column.meta.foretold -%}
      {%- do names.append(adapter.quote(column.name)) -%}
    {%- endif -%}
  {%- endfor -%}
  {{ names | join(", ") }}
{%- else -%}
  1
{%- endif -%}
{%- endmacro %}
