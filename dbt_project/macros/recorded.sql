{# Measures of what a shop may not record. Zero where the shop recorded such rows by then and the user has none; unknown
   where it did not record them at all. #}

{# The columns of a measure, one per window. #}
{% macro zero_if_recorded(name, is_recorded) -%}
  {%- for days in run_var("windows_days") %}
  case when {{ is_recorded }} then coalesce({{ name }}_{{ days }}d, 0) end as {{ name }}_{{ days }}d
  {{- "," if not loop.last }}
  {%- endfor %}
{%- endmacro %}

{# The same for counts that have no window. #}
{% macro count_if_recorded(names, is_recorded) -%}
  {%- for name in names %}
  case when {{ is_recorded }} then coalesce({{ name }}, 0) end as {{ name }}
  {{- "," if not loop.last }}
  {%- endfor %}
{%- endmacro %}
