{{ config(materialized="incremental", incremental_strategy="delete+insert", unique_key="event_id") }}

{#- A source without session ids: a visit ends after 30 minutes of silence, or at the snapshot that delivers it. -#}
with delivered as (
  select *, {{ first_snapshot_after("known_at") }} as counts_from_date
  from ({{ arrived_rows("events") }})
),

with_pauses as (
  select
    *,
    coalesce(
      occurred_at - lag(occurred_at) over (partition by user_id, counts_from_date order by occurred_at)
      > interval 30 minute, true
    ) as starts_session
  from delivered
  where session_id is null
),

with_starts as (
  select
    * exclude (starts_session),
    max(case when starts_session then occurred_at end) over (
      partition by user_id, counts_from_date order by occurred_at range unbounded preceding
    ) as session_started_at
  from with_pauses
),

arrived as (
  select * exclude (counts_from_date) from delivered where session_id is not null
  union all by name
  select * exclude (counts_from_date, session_started_at) replace (
    user_id || '@' || strftime(session_started_at, '%Y-%m-%dT%H:%M:%S.%f') as session_id
  )
  from with_starts
),

{{ versions("events", key=["event_id"]) }}
