{# The grain: no two rows share these columns. #}
{% test one_row_per(model, columns) %}
{{
  config(meta={
    "description": "No two rows share " ~ columns | join(", ") ~ "."
  })
}}
select {{ columns | join(", ") }}, count(*) as found
from {{ model }}
group by {{ columns | join(", ") }}
having count(*) > 1
{% endtest %}
