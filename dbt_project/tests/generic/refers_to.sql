{# Rows point at something that is known too. A warning: the other row may still be on its way. #}
{% test refers_to(model, column_name, to, field) %}
{{
  config(meta={
    "description": "Every " ~ column_name ~ " is a known " ~ field ~ "; a warning, as the other row may be on its way."
  })
}}
{{ config(severity="warn") }}
select {{ column_name }}
from {{ model }}
where {{ column_name }} is not null and {{ column_name }} not in (select {{ field }} from {{ to }})
{% endtest %}
