{# `list`: a variable that holds the members, as a run is told them (churn_assets/warehouse/variables.py). #}
{% test one_of_the_list(model, column_name, list) %}
{{
  config(meta={
    "description": "Every " ~ column_name ~ " is one of the " ~ list ~ "."
  })
}}
select *
from {{ model }}
where {{ column_name }} not in ({% for member in run_var(list) %}'{{ member }}'{{ ", " if not loop.last }}{% endfor %})
{% endtest %}
