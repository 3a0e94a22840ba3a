{# The staged table: every row that keeps the contract, without personal contact data. The rows come typed, with known
   time and refusal, from the reader of the landing (churn_assets/landing/relation.py). #}
{% macro staged(name, from=none) %}
{%- if execute -%}
select
  {%- for column in raw_table(name).columns.values() if column.name != "ingested_at" %}
    {%- if column.meta.contact %}
  {{ adapter.quote(column.name) }} is not null as has_{{ column.name }},
    {%- else %}
  {{ adapter.quote(column.name) }},
    {%- endif %}
  {%- endfor %}
  {%- for column in derived_columns(name) %}
  {{ column }},
  {%- endfor %}
  known_at
from {{ from or source("raw", name) }}
where refused_because is null and not is_replaced
{%- else -%}
select 1 as parsed from {{ source("raw", name) }}
{%- endif -%}
{% endmacro %}

{# Columns that the reader adds to those of the contract. #}
{% macro derived_columns(name) -%}
  {%- set said = [] -%}
  {%- for channel in run_var("channels") + ["all"] -%}
    {%- do said.append(channel ~ "_consent") -%}
  {%- endfor -%}
  {{ return({
    "orders": ["is_purchase"],
    "consents": ["channel_meant", "purpose_meant", "counts_at"] + said,
  }.get(name, []) + extra_names(name)) }}
{%- endmacro %}
