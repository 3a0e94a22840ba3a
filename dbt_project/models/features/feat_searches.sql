{{ config(materialized="ephemeral") }}

-- What was searched for, told apart by the narrow key of its words; within one user two of them never share one.
with searched as (
  select
    snapshots.snapshot_date,
    days.user_id,
    days.event_date,
    unnest(days.query_keys) as query_key
  from {{ snapshots() }} as snapshots
  inner join {{ ref("int_user_days") }} as days on {{ day_counts_at("snapshots.snapshot_date", "days") }}
  where days.query_keys is not null
),

counted as (
  select
    snapshot_date,
    user_id,
    {{ per_window("times", "count(*) [in window]", "event_date") }}
  from searched
  group by snapshot_date, user_id, query_key
  having count(*) > 1
)

select
  snapshot_date,
  user_id,
  {%- for window in run_var("windows_days") %}
  cast(sum(greatest(times_{{ window }}d - 1, 0)) as double) as repeated_searches_{{ window }}d{{ "," if not loop.last }}
  {%- endfor %}
from counted
group by snapshot_date, user_id
