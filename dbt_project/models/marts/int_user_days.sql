{{ config(materialized="incremental", incremental_strategy="delete+insert", unique_key="day_key") }}

{%- set aggregates %}
  count(*) as sessions,
  {%- for measure in visit_measures() %}
  cast(sum({{ measure }}) as {{ "decimal(18, 3)" if measure == "dwell_seconds" else "bigint" }}) as {{ measure }},
  {%- endfor %}
  bit_or(hours_mask) as hours_mask,
  list_sort(flatten(list(query_keys) filter (where query_keys is not null))) as query_keys
{%- endset %}
{%- set lone %}
  1 as sessions,
  {{ visit_measures() | join(",\n  ") }},
  hours_mask,
  query_keys
{%- endset %}

with parts as not materialized (
  select *, cast(started_at as date) as event_date, {{ narrow_key("user_id, cast(started_at as date)") }} as day_key
  from {{ ref("fct_sessions") }}
  {% if is_incremental() -%}
  where {{ narrow_key("user_id, cast(started_at as date)") }} in (
    select {{ narrow_key("user_id, cast(started_at as date)") }} from {{ ref("fct_sessions") }}
    where counts_from_date > cast({{ consume_from("events") }} as date)
      or counts_until_date > cast({{ consume_from("events") }} as date)
  )
  {%- endif %}
),

{{ put_together(["user_id", "event_date"], "day_key", aggregates, lone) }}
