{# Arithmetic of windows: what was counted in a shorter one is in the longer one too. #}
{% test windows_nest(model, measures) %}
{{
  config(meta={
    "description": "What is counted in a shorter window is in the longer one too: " ~ measures | join(", ") ~ "."
  })
}}
{%- set windows = run_var("windows_days") -%}
select *
from {{ model }}
where false
{%- for measure in measures %}
  {%- for days in windows[:-1] %}
  or {{ measure }}_{{ days }}d > {{ measure }}_{{ windows[loop.index] }}d
  {%- endfor %}
{%- endfor %}
{% endtest %}
