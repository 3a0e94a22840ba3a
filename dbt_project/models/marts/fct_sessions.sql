{{ config(materialized="incremental", incremental_strategy="delete+insert", unique_key=["user_id", "session_id"]) }}

{%- set counts = {"views": "view", "searches": "search", "carts": "add_to_cart", "favorites": "favorite"} %}

-- An event begins to count at the first snapshot after it happened and became known (clocks of devices run ahead),
-- and ceases to when its correction does.
with events as (
  select * from {{ ref("fct_events") }}
  {% if is_incremental() -%}
  where (user_id, session_id) in (
    select (user_id, session_id) from {{ ref("fct_events") }}
    where (known_at >= {{ consume_from("events") }} and known_at < {{ consume_until() }})
      or (superseded_at >= {{ consume_from("events") }} and superseded_at < {{ consume_until() }})
  )
  {%- endif %}
),

changes as (
  select
    user_id, session_id, occurred_at, event_type, dwell_seconds, 1 as sign,
    {{ first_snapshot_after("greatest(known_at, occurred_at)") }} as counts_from_date
  from events
  union all
  select
    user_id, session_id, null as occurred_at, event_type, dwell_seconds, -1 as sign,
    {{ first_snapshot_after("greatest(superseded_at, occurred_at)") }} as counts_from_date
  from events
  where superseded_at is not null
),

deltas as (
  select
    user_id,
    session_id,
    counts_from_date,
    min(occurred_at) as started_at,
    sum(sign) as events,
    {%- for name, event_type in counts.items() %}
    sum(sign) filter (where event_type = '{{ event_type }}') as {{ name }},
    {%- endfor %}
    sum(sign * dwell_seconds) as dwell_seconds
  from changes
  group by user_id, session_id, counts_from_date
),

-- A corrected visit starts at the first of the events that still count, which no running minimum can tell.
corrected_starts as (
  select deltas.user_id, deltas.session_id, deltas.counts_from_date, min(events.occurred_at) as corrected_at
  from deltas
  inner join events
    on deltas.user_id = events.user_id
    and deltas.session_id = events.session_id
    and {{ first_snapshot_after("events.known_at") }} <= deltas.counts_from_date
    and (events.superseded_at is null or {{ first_snapshot_after("events.superseded_at") }} > deltas.counts_from_date)
  where (deltas.user_id, deltas.session_id) in (
    select (corrected.user_id, corrected.session_id) from events as corrected
    where corrected.superseded_at is not null
  )
  group by deltas.user_id, deltas.session_id, deltas.counts_from_date
)

select
  user_id,
  session_id,
  coalesce(corrected_at, min(started_at) over up_to_here) as started_at,
  cast(sum(events) over up_to_here as bigint) as events,
  {%- for name in counts %}
  cast(coalesce(sum({{ name }}) over up_to_here, 0) as bigint) as {{ name }},
  {%- endfor %}
  cast(sum(dwell_seconds) over up_to_here as decimal(18, 3)) as dwell_seconds,
  counts_from_date,
  lead(counts_from_date) over (partition by user_id, session_id order by counts_from_date) as counts_until_date
from deltas
left join corrected_starts using (user_id, session_id, counts_from_date)
window up_to_here as (partition by user_id, session_id order by counts_from_date)
