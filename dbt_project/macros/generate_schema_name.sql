{# The schema is the stage: asset keys become [stage, table] without a translator. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
  {{ custom_schema_name or target.schema }}
{%- endmacro %}
