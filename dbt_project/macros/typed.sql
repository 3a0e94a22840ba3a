{# From a raw row to a typed one: casts, known time, and the first rule of the contract the row breaks. #}

{% macro typed(column) -%}
  {%- set name = adapter.quote(column.name) -%}
  {%- if column.data_type == "varchar" -%} nullif(trim({{ name if column.raw_type == "VARCHAR" else "cast(" ~ name ~ " as varchar)" }}), '')
  {%- elif always_valid(column) -%} cast({{ name }} as {{ column.data_type }})
  {%- else -%} {{ safe_cast_raw(name, column.data_type) }}
  {%- endif -%}
{%- endmacro %}

{# Every value that the files can hold in this column is one of the contract's type too: nothing to try, nothing to refuse.
   Trying anyway was half the price of reading 2 M events (2026-11): a time zone to look up and a text to make per value. #}
{% macro always_valid(column) -%} {{ return(adapter.dispatch("always_valid")(column)) }} {%- endmacro %}
{% macro default__always_valid(column) -%}
  {%- set held = {
    "timestamp": ["TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS", "TIMESTAMP WITH TIME ZONE", "DATE"],
    "double": ["TINYINT", "SMALLINT", "INTEGER", "BIGINT"],
    "bigint": ["TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER"],
    "boolean": ["BOOLEAN"],
  } -%}
  {{ return(column.raw_type in held.get(column.data_type, [])) }}
{%- endmacro %}

{% macro is_missing(column) -%}
  {%- set name = adapter.quote(column.name) -%}
  {%- if column.raw_type == "VARCHAR" -%} nullif(trim({{ name }}), '') is null
  {%- else -%} {{ name }} is null
  {%- endif -%}
{%- endmacro %}

{% macro safe_cast_raw(expression, data_type) -%}
  {{ return(adapter.dispatch("safe_cast_raw")(expression, data_type)) }}
{%- endmacro %}
{# What is no number, no time or no whole number becomes null here and is refused by its rule: epochs in unknown units are
   not guessed, NaN and infinity are not numbers, 4.7 is not rounded to a whole one. Text without an offset is UTC; with
   one it is converted (a direct cast to timestamp would drop the offset, DuckDB 2.0). #}
{% macro default__safe_cast_raw(expression, data_type) -%}
  {%- if data_type == "timestamp" -%} cast(try_cast({{ expression }} as timestamptz) as timestamp)
  {%- elif data_type == "double" -%}
    case when isfinite(try_cast({{ expression }} as double)) then try_cast({{ expression }} as double) end
  {%- elif data_type == "bigint" -%}
    case when try_cast({{ expression }} as double) = floor(try_cast({{ expression }} as double)) then try_cast({{ expression }} as bigint) end
  {%- else -%} try_cast({{ expression }} as {{ data_type }})
  {%- endif -%}
{%- endmacro %}

{# Known time: ingested_at; where a source has none, event time; where there may be neither (order items, users), always. #}
{% macro known_at(columns) -%}
  {%- set ingested = columns | selectattr("name", "equalto", "ingested_at") | first -%}
  {%- set event = columns | selectattr("meta.event_time") | first -%}
  coalesce({{ typed(ingested) }}
    {%- if event %}, {{ typed(event) }}{% endif %}
    {%- if not event or not event.meta.required %}, {{ always_known() }}{% endif %})
{%- endmacro %}

{% macro always_known() -%} cast('1900-01-01' as timestamp) {%- endmacro %}

{% macro first_broken_rule(columns) -%}
case
  {%- for column in columns %}
    {%- set value = typed(column) %}
    {%- if column.meta.required %}
  when {{ is_missing(column) }} then '{{ column.name }} is missing'
    {%- endif %}
    {%- if column.data_type != "varchar" and not always_valid(column) %}
  when {{ value }} is null and not ({{ is_missing(column) }}) then '{{ column.name }} is not a {{ column.data_type.split("(")[0] }}'
    {%- endif %}
    {%- if column.meta.minimum is defined %}
  when {{ value }} < {{ column.meta.minimum }} then '{{ column.name }} is below {{ column.meta.minimum }}'
    {%- endif %}
    {%- if column.meta.maximum is defined %}
  when {{ value }} > {{ column.meta.maximum }} then '{{ column.name }} is above {{ column.meta.maximum }}'
    {%- endif %}
  {%- endfor %}
end
{%- endmacro %}

{# The staged table: every row that keeps the contract, typed, without personal contact data. #}
{% macro staged(name, from=none) %}
{%- if execute -%}
{%- set columns = raw_columns(name) -%}
select
  {%- for column in columns if column.name != "ingested_at" %}
    {%- if column.meta.contact %}
  {{ typed(column) }} is not null as has_{{ column.name }},
    {%- else %}
  {{ typed(column) }} as {{ adapter.quote(column.name) }},
    {%- endif %}
  {%- endfor %}
  {{ known_at(columns) }} as known_at
from {{ from or source("raw", name) }}
where ({{ first_broken_rule(columns) }}) is null
{%- else -%}
select 1 as parsed from {{ source("raw", name) }}
{%- endif -%}
{% endmacro %}
