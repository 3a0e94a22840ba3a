{{ config(materialized="ephemeral") }}

with days as (
  select snapshots.snapshot_date, days.*
  from {{ snapshots() }} as snapshots
  inner join {{ ref("int_user_days") }} as days
    on days.event_date < snapshots.snapshot_date
    and days.counts_from_date <= snapshots.snapshot_date
    and (days.counts_until_date is null or days.counts_until_date > snapshots.snapshot_date)
    and days.events > 0
)

select
  snapshot_date,
  user_id,
  snapshot_date - max(event_date) as days_since_visit,
  cast(sum(views) as double) / nullif(sum(sessions), 0) as views_per_session,
  {%- for measure in ["sessions", "views", "searches", "carts", "favorites", "dwell_seconds"] %}
  {{ per_window(measure, "cast(coalesce(sum(" ~ measure ~ ") [in window], 0) as double)", "event_date") }},
  {%- endfor %}
  {{ per_window("active_days", "count(*) [in window]", "event_date") }}
from days
group by snapshot_date, user_id
