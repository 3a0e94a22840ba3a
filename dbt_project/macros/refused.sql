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
