{# The raw contract of models/staging/raw.yml, as seen by SQL. Sources live in the graph only while dbt executes. #}

{% macro raw_tables() %}
  {{ return(graph.sources.values() | selectattr("source_name", "equalto", "raw") | sort(attribute="name") | list) }}
{% endmacro %}

{% macro raw_table(name) %}
  {{ return(raw_tables() | selectattr("name", "equalto", name) | first) }}
{% endmacro %}

{# Columns of a raw table, each with the type it has in the landed files; one that no file has is empty text. #}
{% macro raw_columns(name) %}
  {% set types = (run_var("landing").get(name) or {}).get("types", {}) %}
  {% set columns = [] %}
  {% for column in raw_table(name).columns.values() %}
    {% do columns.append({"name": column.name, "data_type": column.data_type, "meta": column.meta,
                          "raw_type": types.get(column.name, "VARCHAR")}) %}
  {% endfor %}
  {{ return(columns) }}
{% endmacro %}

{% macro has_raw(name) %}
  {{ return(name in run_var("landing")) }}
{% endmacro %}

{% macro has_raw_column(table, column) %}
  {{ return(column in (run_var("landing").get(table) or {}).get("types", {})) }}
{% endmacro %}

{# One view per raw table with every column of the contract, so that staging never meets a missing one. #}
{% macro create_raw_views() %}
  {% if execute and flags.WHICH in ("build", "run", "test") %}
    {% do run_query("create schema if not exists raw") %}
    {% for table in raw_tables() %}
      {% set found = run_var("landing").get(table.name) %}
      {% set columns = [] %}
      {% for column in table.columns.values() %}
        {% set name = adapter.quote(column.name) %}
        {% do columns.append(name if found and column.name in found.types else "cast(null as varchar) as " ~ name) %}
      {% endfor %}
      {% do run_query("create or replace view raw." ~ table.name ~ " as select " ~ columns | join(", ")
                      ~ (" from " ~ found.scan if found else " where false")) %}
    {% endfor %}
  {% endif %}
{% endmacro %}

{# Columns that a row has from the start: not when it was delivered, redeemed, answered. Which of two rows of one known time
   counts may not depend on what is still to come. #}
{% macro told_at_once(table) -%}
{%- if execute -%}
  {%- set names = [] -%}
  {%- for column in raw_table(table).columns.values() if not column.meta.contact and column.name != "ingested_at" -%}
    {%- if column.data_type != "timestamp" or column.meta.event_time or column.meta.foretold -%}
      {%- do names.append(adapter.quote(column.name)) -%}
    {%- endif -%}
  {%- endfor -%}
  {{ names | join(", ") }}
{%- else -%} 1 {%- endif -%}
{%- endmacro %}
