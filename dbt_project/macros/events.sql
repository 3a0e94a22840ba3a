{# What is kept of the events that arrived; of `keys` only, if given. #}
{% macro delivered_events(has_ids, keys=none) -%}
select
  user_id,
  session_id,
  event_id,
  occurred_at,
  event_type,
  dwell_seconds,
  search_query,
  known_at,
  {{ narrow_key("event_id") }} as event_key
from ({{ arrived_events(has_ids, keys) }})
{%- endmacro %}

{# The staged events that arrived in the windows this run consumes. Where every row has an id they are read past the
   view, whose ids made of content would read every column of every row, several times over; then of `keys` only, if
   given. #}
{% macro arrived_events(has_ids, keys=none) -%}
  {%- if not has_ids -%}
{{ arrived_rows("events") }}
  {%- else -%}
select * from ({{ staged("events", from=raw_events(keys)) }})
where known_at >= {{ consume_from("events") }} and known_at < {{ consume_until() }}
  {%- endif -%}
{%- endmacro %}

{# The rows of the raw table, or those whose narrow key is among `keys`. #}
{% macro raw_events(keys=none) -%}
  {%- if keys -%}
(select * from raw.events where {{ narrow_key("event_id") }} in ({{ keys }}))
  {%- else -%}
raw.events
  {%- endif -%}
{%- endmacro %}

{# Asked once per run and handed on: text files are read for it. #}
{% macro has_event_ids() -%}
  {{ return(not run_var("restated") and not may_be_missing("events", "event_id")) }}
{%- endmacro %}

{# The narrow keys of all events there are, of the refused ones too: one column read, no rule tried. #}
{% macro all_event_keys(has_ids) -%}
  {%- if has_ids -%}
select {{ narrow_key("event_id") }} as event_key from raw.events
  {%- else -%}
select event_key from arrived
  {%- endif -%}
{%- endmacro %}

{# Whether a column of a raw table may hold rows without a value: no where the statistics of its files say so, which
   cost nothing, else asked of the rows. Where nothing runs, as in `dbt compile`: yes. #}
{% macro may_be_missing(table, column) -%}
  {%- set found = run_var("landing").get(table) -%}
  {%- if not found or column not in found.columns or not execute or flags.WHICH not in ("build", "run") -%}
    {{ return(true) }}
  {%- endif -%}
  {%- if column in found.complete_columns -%}
    {{ return(false) }}
  {%- endif -%}
  {%- set missing = run_query("select 1 from raw." ~ table ~ " where " ~ column ~ " is null limit 1") -%}
  {{ return(missing.rows | length > 0) }}
{%- endmacro %}
