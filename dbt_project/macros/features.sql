{# Building blocks of the feature families. Windows are half-open: [snapshot - days, snapshot). #}

{# One column per window: `name`_<days>d = aggregate, where `[in window]` stands for the filter on the rows' `moment`. #}
{% macro per_window(name, aggregate, moment) -%}
  {%- for days in var("windows_days") %}
  {%- set in_window = "filter (where " ~ moment ~ " >= " ~ add_days("snapshot_date", -days) ~ ")" %}
  {{ aggregate | replace("[in window]", in_window) }} as {{ name }}_{{ days }}d{{ "," if not loop.last }}
  {%- endfor %}
{%- endmacro %}

{# Rate per day in a window against the rate in the next longer one; above 1: rising. Unknown where the longer one is empty. #}
{% macro trends(name, column) -%}
  {%- set windows = var("windows_days") -%}
  {%- for days in windows[:-1] %}
  {%- set longer = windows[loop.index] %}
  ({{ column }}_{{ days }}d / {{ days }}.0) / nullif({{ column }}_{{ longer }}d / {{ longer }}.0, 0) as {{ name }}_trend_{{ days }}d{{ "," if not loop.last }}
  {%- endfor %}
{%- endmacro %}

{% macro longest_window() -%} {{ var("windows_days") | max }} {%- endmacro %}

{# Names of the window columns of a measure, for lists. #}
{% macro windowed(name) -%}
  {%- for days in var("windows_days") %}{{ name }}_{{ days }}d{{ ", " if not loop.last }}{% endfor -%}
{%- endmacro %}

{# Zero where the shop recorded such rows by then and the user has none; unknown where it did not record them at all. #}
{% macro zero_if_recorded(name, is_recorded) -%}
  {%- for days in var("windows_days") %}
  case when {{ is_recorded }} then coalesce({{ name }}_{{ days }}d, 0) end as {{ name }}_{{ days }}d{{ "," if not loop.last }}
  {%- endfor %}
{%- endmacro %}

{# Purchases as they counted at each snapshot: one row per snapshot and order. #}
{% macro purchases_before_snapshots() %}
select
  snapshots.snapshot_date,
  orders.*,
  case when orders.delivered_at < snapshots.snapshot_date then orders.delivered_at > orders.promised_at end as is_late
from {{ snapshots() }} as snapshots
inner join {{ ref("fct_orders") }} as orders
  on {{ counted_at("snapshots.snapshot_date", "orders") }} and orders.ordered_at < snapshots.snapshot_date
where orders.is_purchase
{% endmacro %}
