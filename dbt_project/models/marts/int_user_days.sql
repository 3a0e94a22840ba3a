{{ config(materialized="incremental", incremental_strategy="delete+insert", unique_key=["user_id", "event_date"]) }}

{%- set measures = ["events", "views", "searches", "carts", "favorites", "dwell_seconds"] %}

with sessions as (
  select *, cast(started_at as date) as event_date from {{ ref("fct_sessions") }}
  {% if is_incremental() -%}
  where (user_id, cast(started_at as date)) in (
    select (user_id, cast(started_at as date)) from {{ ref("fct_sessions") }}
    where counts_from_date > cast({{ consume_from("events") }} as date)
      or counts_until_date > cast({{ consume_from("events") }} as date)
  )
  {%- endif %}
),

changes as (
  select *, 1 as sign from sessions
  union all
  select * replace (counts_until_date as counts_from_date), -1 as sign from sessions
  where counts_until_date is not null
),

deltas as (
  select
    user_id,
    event_date,
    counts_from_date,
    sum(sign) filter (where events > 0) as sessions,
    {%- for measure in measures %}
    sum(sign * {{ measure }}) as {{ measure }}{{ "," if not loop.last }}
    {%- endfor %}
  from changes
  group by user_id, event_date, counts_from_date
)

select
  user_id,
  event_date,
  cast(coalesce(sum(sessions) over up_to_here, 0) as bigint) as sessions,
  {%- for measure in measures[:-1] %}
  cast(sum({{ measure }}) over up_to_here as bigint) as {{ measure }},
  {%- endfor %}
  cast(sum(dwell_seconds) over up_to_here as decimal(18, 3)) as dwell_seconds,
  counts_from_date,
  lead(counts_from_date) over (partition by user_id, event_date order by counts_from_date) as counts_until_date
from deltas
window up_to_here as (partition by user_id, event_date order by counts_from_date)
