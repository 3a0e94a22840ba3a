{# What is kept of the events that arrived; of `keys` only, if given. #}
{% macro delivered_events(has_ids, keys=none) -%}
select
  user_id, session_id, event_id, occurred_at, event_type, dwell_seconds, search_query, known_at,
  {{ narrow_key("event_id") }} as event_key
from ({{ arrived_events(has_ids, keys) }})
{%- endmacro %}

{# The staged events that arrived in the windows this run consumes. Where every row has an id they are read past the view,
   whose ids made of content would read every column of every row, several times over; then of `keys` only, if given. #}
{% macro arrived_events(has_ids, keys=none) -%}
  {%- if not has_ids -%} {{ arrived_rows("events") }}
  {%- else -%}
    {%- set among = "(select * from raw.events where " ~ raw_event_key() ~ " in (" ~ keys ~ "))" if keys else "raw.events" -%}
select * from ({{ staged("events", from=among) }})
where known_at >= {{ consume_from("events") }} and known_at < {{ consume_until() }}
  {%- endif -%}
{%- endmacro %}

{# Asked once per run and handed on: text files are read for it. #}
{% macro has_event_ids() -%} {{ return(not run_var("restated") and not may_be_missing("events", "event_id")) }} {%- endmacro %}

{# The narrow key of an event as it lies in the landing. #}
{% macro raw_event_key() -%}
  {{ narrow_key(typed(raw_columns("events") | selectattr("name", "equalto", "event_id") | first)) }}
{%- endmacro %}

{# The narrow keys of all events there are, of the refused ones too: one column read, no rule tried. #}
{% macro all_event_keys(has_ids) -%}
  {%- if has_ids -%} select {{ raw_event_key() }} as event_key from raw.events
  {%- else -%} select event_key from arrived
  {%- endif -%}
{%- endmacro %}

{# Whether a text column of a raw table may hold rows without a value: asked once of the statistics of its Parquet files,
   which cost nothing; a value that begins with a blank counts as may-be. Where nothing runs, as in `dbt compile`: yes. #}
{% macro may_be_missing(table, column) -%}
  {%- set found = run_var("landing").get(table) -%}
  {%- if not found or column not in found.types or not execute or flags.WHICH not in ("build", "run") -%}
    {{ return(true) }}
  {%- endif -%}
  {%- set blank = " or " ~ column ~ " < '!'" if found.types[column] == "VARCHAR" else "" -%}
  {%- set sql = "select 1 from raw." ~ table ~ " where " ~ column ~ " is null" ~ blank ~ " limit 1" -%}
  {{ return(run_query(sql).rows | length > 0) }}
{%- endmacro %}
