{# The raw contract of models/staging/raw.yml, as seen by SQL. Sources live in the graph only while dbt executes. The
   views raw.<table> are made by whoever starts dbt (churn_assets/landing/raw_views.py). #}

{% macro raw_tables() %}
  {{ return(graph.sources.values() | selectattr("source_name", "equalto", "raw") | sort(attribute="name") | list) }}
{% endmacro %}

{% macro raw_table(name) %}
  {{ return(raw_tables() | selectattr("name", "equalto", name) | first) }}
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
