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
