{# How fast a measure of the features rises or falls, from one window to the next longer one. #}

{# Of a measure in a window, per day. #}
{% macro rate(column, days) -%}
  {{ column }}_{{ days }}d / {{ days }}.0
{%- endmacro %}

{# Rate in a window against the rate in the next longer one; above 1: rising. Unknown where the longer one is
   empty. #}
{% macro trends(name, column) -%}
  {%- set windows = run_var("windows_days") -%}
  {%- for days in windows[:-1] %}
  {%- set longer = windows[loop.index] %}
  ({{ rate(column, days) }}) / nullif({{ rate(column, longer) }}, 0) as {{ name }}_trend_{{ days }}d
  {{- "," if not loop.last }}
  {%- endfor %}
{%- endmacro %}

{# A trend against the next longer one: above 1, it rises faster (or falls slower) than it did. #}
{% macro accelerations(name, column) -%}
  {%- set windows = run_var("windows_days") -%}
  {%- for days in windows[:-2] %}
  {%- set longer, longest = windows[loop.index], windows[loop.index + 1] %}
  ({{ rate(column, days) }}) * ({{ rate(column, longest) }}) / nullif(power({{ rate(column, longer) }}, 2), 0)
    as {{ name }}_acceleration_{{ days }}d
  {{- "," if not loop.last }}
  {%- endfor %}
{%- endmacro %}
