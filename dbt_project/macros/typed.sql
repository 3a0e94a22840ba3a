{# From a raw row to a typed one: casts, known time, and the first rule of the contract the row breaks. #}

{% macro typed(column) -%}
  {%- set name = adapter.quote(column.name) -%}
  {%- if column.data_type == "varchar" -%} nullif(trim(cast({{ name }} as varchar)), '')
  {%- else -%} {{ safe_cast_raw(name, column.data_type) }}
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
    {%- set raw = adapter.quote(column.name) %}
    {%- set value = typed(column) %}
    {%- set missing = "nullif(trim(cast(" ~ raw ~ " as varchar)), '') is null" %}
    {%- if column.meta.required %}
  when {{ missing }} then '{{ column.name }} is missing'
    {%- endif %}
    {%- if column.data_type != "varchar" %}
  when {{ value }} is null and not ({{ missing }}) then '{{ column.name }} is not a {{ column.data_type.split("(")[0] }}'
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
{% macro staged(name) %}
{%- if execute -%}
{%- set columns = raw_table(name).columns.values() | list -%}
select
  {%- for column in columns if column.name != "ingested_at" %}
    {%- if column.meta.contact %}
  {{ typed(column) }} is not null as has_{{ column.name }},
    {%- else %}
  {{ typed(column) }} as {{ adapter.quote(column.name) }},
    {%- endif %}
  {%- endfor %}
  {{ known_at(columns) }} as known_at
from {{ source("raw", name) }}
where ({{ first_broken_rule(columns) }}) is null
{%- else -%}
select 1 as parsed from {{ source("raw", name) }}
{%- endif -%}
{% endmacro %}

{# The refused rows of one raw table, with their raw values. #}
{% macro refused(name) %}
{%- set table = raw_table(name) -%}
{%- set columns = table.columns.values() | list -%}
select
  '{{ name }}' as source_table,
  {{ first_broken_rule(columns) }} as reason,
  concat_ws('|', {% for key in table.meta.key %}cast({{ adapter.quote(key) }} as varchar){{ ", " if not loop.last }}{% endfor %}) as row_key,
  {{ known_at(columns) }} as known_at,
  {{ json_row(columns | rejectattr("meta.contact") | map(attribute="name") | list) }} as row_json
from {{ source("raw", name) }}
where ({{ first_broken_rule(columns) }}) is not null
{% endmacro %}

{% macro json_row(names) -%} {{ return(adapter.dispatch("json_row")(names)) }} {%- endmacro %}
{% macro default__json_row(names) -%}
  cast(to_json(struct_pack({% for name in names %}{{ adapter.quote(name) }} := {{ adapter.quote(name) }}{{ ", " if not loop.last }}{% endfor %})) as varchar)
{%- endmacro %}
