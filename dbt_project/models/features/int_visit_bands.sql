{{ config(materialized="ephemeral") }}

-- Days of visits that count at each snapshot, added up per band between two windows: a window is the bands it is made
-- of, so a day is read once instead of once per window, and once for all families. Whole numbers add up exactly as
-- doubles, and in half the time of DuckDB's 128 bits.
select
  snapshots.snapshot_date,
  days.user_id,
  {{ band_days("days.event_date", "snapshots.snapshot_date") }} as band_days,
  max(days.event_date) as last_visit_date,
  count(*) as active_days,
  bit_or(days.hours_mask) as hours_mask,
  sum(cast(days.sessions as double)) as sessions,
  {%- for measure in visit_measures() %}
  {%- set is_whole = measure != "dwell_seconds" %}
  sum({{ "cast(days." ~ measure ~ " as double)" if is_whole else "days." ~ measure }}) as {{ measure }}
  {{- "," if not loop.last }}
  {%- endfor %}
from {{ snapshots() }} as snapshots
inner join {{ ref("int_user_days") }} as days on {{ day_counts_at("snapshots.snapshot_date", "days") }}
group by snapshots.snapshot_date, days.user_id, band_days
