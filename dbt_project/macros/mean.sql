{# Mean of whole numbers or decimals, which add up exactly whatever the order of the rows; unknown where there are
   none. #}
{% macro mean(value, where="") -%}
  {%- set filtered = " filter " ~ where if where else "" -%}
  cast(sum({{ value }}){{ filtered }} as double) / nullif(count({{ value }}){{ filtered }}, 0)
{%- endmacro %}
