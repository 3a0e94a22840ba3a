{# The two halves of a raw table: rows that keep the contract, and rows that it refuses. #}

{# The staged table: every row that keeps the contract, typed, without personal contact data. #}
{% macro staged(name) %}
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
from {{ source("raw", name) }}
where ({{ first_broken_rule(columns) }}) is null
{%- else -%}
select 1 as parsed from {{ source("raw", name) }}
{%- endif -%}
{% endmacro %}

{# The refused rows of one raw table, with their raw values. #}
{% macro refused(name) %}
{%- set table = raw_table(name) -%}
{%- set columns = raw_columns(name) -%}
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
