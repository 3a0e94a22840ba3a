{{ config(materialized="ephemeral") }}

{%- set measures = ["sessions", "views", "searches", "carts", "favorites", "dwell_seconds", "active_days"] %}

-- Added up per band between two windows first, then over the bands: a day counts once instead of once per window.
with bands as (
  select
    snapshots.snapshot_date,
    days.user_id,
    case
      {%- for window in var("windows_days") %}
      when days.event_date >= snapshots.snapshot_date - {{ window }} then {{ window }}
      {%- endfor %}
    end as band_days,
    max(days.event_date) as last_visit_date,
    count(*) as active_days,
    {%- for measure in measures[:-1] %}
    sum(days.{{ measure }}) as {{ measure }}{{ "," if not loop.last }}
    {%- endfor %}
  from {{ snapshots() }} as snapshots
  inner join {{ ref("int_user_days") }} as days
    on days.event_date < snapshots.snapshot_date
    and days.event_date >= snapshots.snapshot_date - {{ longest_window() }}
    and days.counts_from_date <= snapshots.snapshot_date
    and (days.counts_until_date is null or days.counts_until_date > snapshots.snapshot_date)
  where days.events > 0
  group by snapshots.snapshot_date, days.user_id, band_days
)

select
  snapshot_date,
  user_id,
  snapshot_date - max(last_visit_date) as days_since_visit,
  cast(sum(views) as double) / nullif(sum(sessions), 0) as views_per_session,
  {%- for measure in measures %}
  {%- set measure_loop = loop %}
  {%- for window in var("windows_days") %}
  cast(coalesce(sum({{ measure }}) filter (where band_days <= {{ window }}), 0) as double)
    as {{ measure }}_{{ window }}d
  {{- "," if not (loop.last and measure_loop.last) }}
  {%- endfor %}
  {%- endfor %}
from bands
group by snapshot_date, user_id
