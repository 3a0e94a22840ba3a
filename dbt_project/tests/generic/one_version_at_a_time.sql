{# Versions of an id follow each other without overlap, and exactly one is the newest. #}
{% test one_version_at_a_time(model, key) %}
{{
  config(meta={
    "description": "Versions of the same " ~ key | join(", ") ~ " follow each other without overlap, one the newest."
  })
}}
{%- set keys = key | join(", ") -%}
select {{ keys }}, known_at
from (
  select *, lead(known_at) over (partition by {{ keys }} order by known_at) as next_known_at
  from (select distinct {{ keys }}, known_at, superseded_at from {{ model }})
)
where superseded_at is distinct from next_known_at
{% endtest %}
