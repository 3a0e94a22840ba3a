{# Building blocks of the feature families. Windows are half-open: [snapshot - days, snapshot). #}

{# One column per window: `name`_<days>d = aggregate, where `[in window]` stands for the filter on the rows' `moment`. #}
{% macro per_window(name, aggregate, moment) -%}
  {%- for days in run_var("windows_days") %}
  {%- set in_window = "filter (where " ~ moment ~ " >= " ~ add_days("snapshot_date", -days) ~ ")" %}
  {{ aggregate | replace("[in window]", in_window) }} as {{ name }}_{{ days }}d{{ "," if not loop.last }}
  {%- endfor %}
{%- endmacro %}

{# The shortest window a row's `moment` is in: the band between it and the next shorter one. Null: longer ago than all. #}
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
  {{ aggregate | replace("[in window]", "filter (where band_days <= " ~ days ~ ")") }} as {{ name }}_{{ days }}d{{ "," if not loop.last }}
  {%- endfor %}
{%- endmacro %}

{# Rate per day in a window against the rate in the next longer one; above 1: rising. Unknown where the longer one is empty. #}
{% macro trends(name, column) -%}
  {%- set windows = run_var("windows_days") -%}
  {%- for days in windows[:-1] %}
  {%- set longer = windows[loop.index] %}
  ({{ column }}_{{ days }}d / {{ days }}.0) / nullif({{ column }}_{{ longer }}d / {{ longer }}.0, 0) as {{ name }}_trend_{{ days }}d{{ "," if not loop.last }}
  {%- endfor %}
{%- endmacro %}

{# A trend against the next longer one: above 1, it rises faster (or falls slower) than it did. #}
{% macro accelerations(name, column) -%}
  {%- set windows = run_var("windows_days") -%}
  {%- for days in windows[:-2] %}
  {%- set longer, longest = windows[loop.index], windows[loop.index + 1] %}
  ({{ column }}_{{ days }}d / {{ days }}.0) * ({{ column }}_{{ longest }}d / {{ longest }}.0) / nullif(power({{ column }}_{{ longer }}d / {{ longer }}.0, 2), 0) as {{ name }}_acceleration_{{ days }}d{{ "," if not loop.last }}
  {%- endfor %}
{%- endmacro %}

{% macro longest_window() -%} {{ run_var("windows_days") | max }} {%- endmacro %}

{# Names of the window columns of a measure, for lists. #}
{% macro windowed(name) -%}
  {%- for days in run_var("windows_days") %}{{ name }}_{{ days }}d{{ ", " if not loop.last }}{% endfor -%}
{%- endmacro %}

{# Zero where the shop recorded such rows by then and the user has none; unknown where it did not record them at all. #}
{% macro zero_if_recorded(name, is_recorded) -%}
  {%- for days in run_var("windows_days") %}
  case when {{ is_recorded }} then coalesce({{ name }}_{{ days }}d, 0) end as {{ name }}_{{ days }}d{{ "," if not loop.last }}
  {%- endfor %}
{%- endmacro %}

{# The same for counts that have no window. #}
{% macro count_if_recorded(names, is_recorded) -%}
  {%- for name in names %}
  case when {{ is_recorded }} then coalesce({{ name }}, 0) end as {{ name }}{{ "," if not loop.last }}
  {%- endfor %}
{%- endmacro %}

{# Mean of whole numbers or decimals, which add up exactly whatever the order of the rows; unknown where there are none. #}
{% macro mean(value, where="") -%}
  {%- set filtered = "filter " ~ where if where else "" -%}
  cast(sum({{ value }}) {{ filtered }} as double) / nullif(count({{ value }}) {{ filtered }}, 0)
{%- endmacro %}

{# Rows of a versioned mart as they counted at each snapshot: one per snapshot and id; `days` back at most, if given. #}
{% macro rows_before_snapshots(mart, happened_at, days=none) %}
select snapshots.snapshot_date, held.*
from {{ snapshots() }} as snapshots
inner join {{ ref(mart) }} as held
  on {{ counted_at("snapshots.snapshot_date", "held") }} and held.{{ happened_at }} < snapshots.snapshot_date
  {%- if days %} and held.{{ happened_at }} >= {{ add_days("snapshots.snapshot_date", -(days | int)) }}{% endif %}
{% endmacro %}

{# Purchases as they counted at each snapshot: one row per snapshot and order. #}
{% macro purchases_before_snapshots() %}
select
  snapshots.snapshot_date,
  orders.*,
  case when orders.delivered_at < snapshots.snapshot_date then orders.delivered_at > orders.promised_at end as is_late,
  case
    when orders.delivered_at < snapshots.snapshot_date
      then greatest(date_diff('second', orders.promised_at, orders.delivered_at), 0)
  end as late_seconds
from {{ snapshots() }} as snapshots
inner join {{ ref("fct_orders") }} as orders
  on {{ counted_at("snapshots.snapshot_date", "orders") }} and orders.ordered_at < snapshots.snapshot_date
where orders.is_purchase
{% endmacro %}
