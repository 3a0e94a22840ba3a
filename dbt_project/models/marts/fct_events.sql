{{ config(materialized="incremental", incremental_strategy="delete+insert", unique_key="event_key") }}

-- depends_on: {{ ref("stg_events") }}
{#- What is new of a week fits into memory and is used several times; the whole past does neither. -#}
{%- set materialized = "materialized" if is_incremental() else "not materialized" %}
{%- set has_ids = has_event_ids() %}
{%- set has_unsessioned = may_be_missing("events", "session_id") %}

with delivered as {{ materialized }} (
  {{ delivered_events(has_ids) }}
),

{%- if has_unsessioned %}

-- A source without session ids: a visit ends after 30 minutes of silence, or at the snapshot that delivers it.
with_pauses as (
  select
    *,
    {{ first_snapshot_after("known_at") }} as counts_from_date,
    coalesce(
      occurred_at - lag(occurred_at) over (
        partition by user_id, {{ first_snapshot_after("known_at") }} order by occurred_at
      ) > interval 30 minute, true
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
{%- endif %}

in_sessions as {{ materialized }} (
  select * from delivered where session_id is not null
  {%- if has_unsessioned %}
  union all by name
  select * exclude (counts_from_date, session_started_at) replace (
    user_id || '@' || strftime(session_started_at, '%Y-%m-%dT%H:%M:%S.%f') as session_id
  )
  from with_starts
  {%- endif %}
),

arrived as {{ materialized }} (
  select *, {{ narrow_key("user_id, session_id") }} as session_key from in_sessions
),

{#- Few rows come again: read only those a second time, where nothing else of a row depends on its neighbours. -#}
{%- set again %}
  select *, {{ narrow_key("user_id, session_id") }} as session_key
  from ({{ delivered_events(has_ids, keys="select event_key from repeated") }})
{%- endset %}

{{ versions_by_narrow_key(
  "events", id="event_id", key="event_key", all_keys=all_event_keys(has_ids),
  again=none if is_incremental() or has_unsessioned or not has_ids else again
) }}
