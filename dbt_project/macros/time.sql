{# Everything about time that SQL needs to know. The calendar itself is a variable; nobody asks the clock. #}

{# The snapshots this run builds, or some of them, as a table of one column. #}
{% macro snapshots(days=none) -%}
(
  select cast(snapshot_date as date) as snapshot_date
  from (values
    {%- for date in days or run_var("calendar").snapshots %} ('{{ date }}'){{ "," if not loop.last }}{% endfor -%}
  ) as listed (snapshot_date)
)
{%- endmacro %}

{# End of what any run has consumed, this one included: rows known at or after it do not exist yet. #}
{% macro known_until() -%}
  cast('{{ run_var("calendar").known_until }}' as timestamp)
{%- endmacro %}

{# Start of what this run has to consume of a raw table: the first window of its range, or earlier where the marts have
   fallen behind. A source without ingested_at is read whole each time, since its late rows look like old ones. #}
{% macro consume_from(table) -%}
  {%- set found = run_var("landing").get(table) -%}
  {%- if is_incremental() and run_var("calendar").consume_from and (not found or "ingested_at" in found.columns) -%}
    cast('{{ run_var("calendar").consume_from }}' as timestamp)
  {%- else -%}
    cast('0001-01-01' as timestamp)
  {%- endif -%}
{%- endmacro %}

{# End of the same. #}
{% macro consume_until() -%}
  cast('{{ run_var("calendar").snapshots | max }}' as timestamp)
{%- endmacro %}

{# Known time of what has no time at all: it has always been known. #}
{% macro always_known() -%}
  cast('1900-01-01' as timestamp)
{%- endmacro %}

{# The first snapshot that may see a row known at `column`: the first boundary strictly after it. #}
{% macro first_snapshot_after(column) -%}
  {{ return(adapter.dispatch("first_snapshot_after")(column)) }}
{%- endmacro %}

{% macro default__first_snapshot_after(column) -%}
  {%- set start = "date '" ~ run_var("calendar").start ~ "'" -%}
  {%- set cadence = run_var("calendar").cadence -%}
  {%- set day = "cast(" ~ column ~ " as date)" -%}
  {%- if cadence == "daily" -%}
    {{ day }} + 1
  {%- elif cadence == "weekly" -%}
    {{ day }} + 7
    - cast((date_diff('day', {{ start }}, {{ day }}) % 7 + 7) % 7 as integer)
  {%- else -%}
    {%- set days_into_month = "cast(day(" ~ start ~ ") - 1 as integer)" -%}
    cast(date_trunc('month', {{ day }} - {{ days_into_month }}) + interval 1 month as date)
    + {{ days_into_month }}
  {%- endif -%}
{%- endmacro %}

{# True for the version of a row that counted at `moment`: known before it and not yet replaced. #}
{% macro counted_at(moment, row="") -%}
  {%- set prefix = row ~ "." if row else "" -%}
  {{ prefix }}known_at < {{ moment }}
  and ({{ prefix }}superseded_at is null or {{ prefix }}superseded_at >= {{ moment }})
{%- endmacro %}

{# Days with fractions, from whole seconds, so that the same rows give the same bytes. #}
{% macro days_between(start, end) -%}
  {{ return(adapter.dispatch("days_between")(start, end)) }}
{%- endmacro %}

{% macro default__days_between(start, end) -%}
  (date_diff('second', {{ start }}, {{ end }}) / 86400.0)
{%- endmacro %}

{% macro add_days(moment, days) -%}
  ({{ moment }} + interval ({{ days }}) day)
{%- endmacro %}
