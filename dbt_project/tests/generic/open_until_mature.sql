{# A label is known exactly when its window has passed by the end of what was consumed. #}
{% test open_until_mature(model) %}
{{
  config(meta={
    "description": "A label is known exactly when its window has passed by the end of what was consumed."
  })
}}
select *
from {{ model }}
where (is_churned is not null) <> (matures_at <= {{ known_until() }})
{% endtest %}
