{{ config(materialized="table") }}

{% if execute %}
  {%- for table in raw_tables() %}
    {{ refused(table.name) }}
    {{ "union all" if not loop.last }}
  {%- endfor %}
{% endif %}
{# Edges of the graph: the loop above runs at execution only, when it is too late to add them. -#}
{%- for name in marts_of_raw_tables() -%}
  {%- do source("raw", name) -%}
{%- endfor %}
