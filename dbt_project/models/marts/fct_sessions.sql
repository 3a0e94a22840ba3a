{{ config(materialized="incremental", incremental_strategy="delete+insert", unique_key="session_key") }}

-- An event begins to count at the first snapshot after it happened and became known (clocks of devices run ahead),
-- and ceases to when its correction does.
with parts as not materialized (
  select
    *,
    {{ first_snapshot_after("greatest(known_at, occurred_at)") }} as counts_from_date,
    case when superseded_at is not null then {{ first_snapshot_after("greatest(superseded_at, occurred_at)") }} end
      as counts_until_date
  from {{ ref("fct_events") }}
  {% if is_incremental() -%}
  where session_key in (
    select session_key from {{ ref("fct_events") }}
    where (known_at >= {{ consume_from("events") }} and known_at < {{ consume_until() }})
      or (superseded_at >= {{ consume_from("events") }} and superseded_at < {{ consume_until() }})
  )
  {%- endif %}
),

{{ put_together(["user_id", "session_id"], "session_key", visit_aggregates()) }}
