{# The staged events that arrived in the windows this run consumes. Where every row has an id they are read past the view,
   whose ids made of content would read every column of every row, several times over. #}
{% macro arrived_events() -%}
  {%- if var("restated") or may_be_missing("events", "event_id") -%} {{ arrived_rows("events") }}
  {%- else -%}
select * from ({{ staged("events", from="raw.events") }})
where known_at >= {{ consume_from("events") }} and known_at < {{ consume_until() }}
  {%- endif -%}
{%- endmacro %}

{# The narrow keys of all events there are, of the refused ones too: one column read, no rule tried. #}
{% macro all_event_keys() -%}
  {%- if var("restated") or may_be_missing("events", "event_id") -%} select event_key from arrived
  {%- else -%}
    {%- set event_id = raw_columns("events") | selectattr("name", "equalto", "event_id") | first -%}
    select {{ narrow_key(typed(event_id)) }} as event_key from raw.events
  {%- endif -%}
{%- endmacro %}

{# Whether a text column of a raw table may hold rows without a value: asked once of the statistics of its Parquet files,
   which cost nothing; a value that begins with a blank counts as may-be. Where nothing runs, as in `dbt compile`: yes. #}
{% macro may_be_missing(table, column) -%}
  {%- set found = var("landing").get(table) -%}
  {%- if not found or column not in found.types or not execute or flags.WHICH not in ("build", "run") -%}
    {{ return(true) }}
  {%- endif -%}
  {%- set blank = " or " ~ column ~ " < '!'" if found.types[column] == "VARCHAR" else "" -%}
  {%- set sql = "select 1 from raw." ~ table ~ " where " ~ column ~ " is null" ~ blank ~ " limit 1" -%}
  {{ return(run_query(sql).rows | length > 0) }}
{%- endmacro %}
