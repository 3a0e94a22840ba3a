{# Columns per window of the features. Windows are half-open: [snapshot - days, snapshot). #}

{% macro longest_window() -%}
  {{ run_var("windows_days") | max }}
{%- endmacro %}

{# Names of the window columns of a measure, for lists. #}
{% macro windowed(name) -%}
  {%- for days in run_var("windows_days") %}{{ name }}_{{ days }}d{{ ", " if not loop.last }}{% endfor -%}
{%- endmacro %}

{# One column per window, `name`_<days>d: the aggregate, where `[in window]` stands for the filter on the rows'
   `moment`. #}
{% macro per_window(name, aggregate, moment) -%}
  {%- for days in run_var("windows_days") %}
  {%- set in_window = "filter (where " ~ moment ~ " >= " ~ add_days("snapshot_date", -days) ~ ")" %}
  {{ aggregate | replace("[in window]", in_window) }} as {{ name }}_{{ days }}d
  {{- "," if not loop.last }}
  {%- endfor %}
{%- endmacro %}

{# The shortest window a row's `moment` is in: the band between it and the next shorter one. Null: before them all. #}
{% macro band_days(moment, snapshot="snapshot_date") -%}
  case
    {%- for days in run_var("windows_days") %}
    when {{ moment }} >= {{ add_days(snapshot, -days) }} then {{ days }}
    {%- endfor %}
  end
{%- endmacro %}

{# `per_window` over rows that are already sums per band. #}
{% macro per_band(name, aggregate) -%}
  {%- for days in run_var("windows_days") %}
  {%- set in_window = "filter (where band_days <= " ~ days ~ ")" %}
  {{ aggregate | replace("[in window]", in_window) }} as {{ name }}_{{ days }}d
  {{- "," if not loop.last }}
  {%- endfor %}
{%- endmacro %}
