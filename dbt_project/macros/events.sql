{# What is counted per visit and per day of visits: the one list that events, visits, days and features follow. #}

{# Measure -> type of event it counts. #}
{% macro event_counts() -%}
  {{ return({
    "views": "view", "searches": "search", "carts": "add_to_cart", "cart_removals": "remove_from_cart",
    "favorites": "favorite", "follows": "follow_shop", "shares": "share", "logins": "login",
    "ad_impressions": "ad_impression", "ad_clicks": "ad_click",
  }) }}
{%- endmacro %}

{# Measures of a visit that add up over visits and days; all are whole numbers but dwell_seconds. #}
{% macro visit_measures() -%}
  {{ return(["events"] + event_counts().keys() | list
            + ["fruitless_searches", "cart_sessions", "night_events", "weekend_events", "dwell_seconds"]) }}
{%- endmacro %}

{# The measures of one visit, as aggregates over its events. #}
{% macro visit_aggregates() %}
  min(occurred_at) as started_at,
  count(occurred_at) as events,
  {%- for name, event_type in event_counts().items() %}
  count(*) filter (where event_type = '{{ event_type }}') as {{ name }},
  {%- endfor %}
  {{ searches_after(
    "list(occurred_at) filter (where event_type = 'search')",
    "max(occurred_at) filter (where event_type in ('view', 'add_to_cart'))"
  ) }} as fruitless_searches,
  cast(coalesce(bool_or(event_type = 'add_to_cart'), false) as bigint) as cart_sessions,
  count(*) filter (where hour(occurred_at) < 6) as night_events,
  count(*) filter (where isodow(occurred_at) >= 6) as weekend_events,
  cast(sum(dwell_seconds) as decimal(18, 3)) as dwell_seconds,
  bit_or(1 << cast(hour(occurred_at) as integer)) as hours_mask,
  list_sort(list({{ narrow_key("lower(search_query)") }}) filter (where event_type = 'search' and search_query is not null))
    as query_keys
{%- endmacro %}

{# Of a list of moments, how many have no later moment at which something was found; all where nothing ever was. #}
{% macro searches_after(searched, found) -%} {{ return(adapter.dispatch("searches_after")(searched, found)) }} {%- endmacro %}
{% macro default__searches_after(searched, found) -%}
  coalesce(len(list_filter({{ searched }}, lambda moment: moment >= coalesce({{ found }}, timestamp '0001-01-01'))), 0)
{%- endmacro %}

{# The measures per window, as `name`_<days>d, summed over the bands of days that a window is made of. #}
{% macro summed_bands(measures) -%}
  {%- for measure in measures %}
  {%- set is_last = loop.last %}
  {%- for window in var("windows_days") %}
  cast(coalesce(sum({{ measure }}) filter (where band_days <= {{ window }}), 0) as double) as {{ measure }}_{{ window }}d
  {{- "," if not (loop.last and is_last) }}
  {%- endfor %}
  {%- endfor %}
{%- endmacro %}

{# The staged events that arrived in the windows this run consumes. Where every row has an id they are read past the view,
   whose ids made of content would read every column of every row, several times over. #}
{% macro arrived_events() -%}
  {%- if may_be_missing("events", "event_id") -%} {{ arrived_rows("events") }}
  {%- else -%}
select * from ({{ staged("events", from="raw.events") }})
where known_at >= {{ consume_from("events") }} and known_at < {{ consume_until() }}
  {%- endif -%}
{%- endmacro %}

{# The narrow keys of all events there are, of the refused ones too: one column read, no rule tried. #}
{% macro all_event_keys() -%}
  {%- if may_be_missing("events", "event_id") -%} select event_key from arrived
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

{# A day of visits is in the longest window and counts, in this version, at the snapshot. #}
{% macro day_counts_at(snapshot, days) -%}
  {{ days }}.event_date < {{ snapshot }}
  and {{ days }}.event_date >= {{ snapshot }} - {{ longest_window() }}
  and {{ days }}.counts_from_date <= {{ snapshot }}
  and ({{ days }}.counts_until_date is null or {{ days }}.counts_until_date > {{ snapshot }})
{%- endmacro %}

{# A list of dates has none from `first` to `last`; one that is null has none at all. #}
{% macro none_between(dates, first, last) -%} {{ return(adapter.dispatch("none_between")(dates, first, last)) }} {%- endmacro %}
{% macro default__none_between(dates, first, last) -%}
  coalesce(len(list_filter({{ dates }}, lambda day: day >= {{ first }} and day <= {{ last }})), 0) = 0
{%- endmacro %}

{# The column that says from which snapshot on the shop recorded what a measure counts: one per type of event. #}
{% macro recorded_from(measure) -%}
  {%- set recorded = {"cart_sessions": "carts", "fruitless_searches": "searches", "repeated_searches": "queries"} -%}
  {%- set any_event = ["sessions", "active_days", "events"] -%}
  {{ return(("browsing" if measure in any_event else recorded.get(measure, measure)) ~ "_from") }}
{%- endmacro %}

{# First snapshots that saw a visit, a type of event, a time on a page or the words of a search; null: none ever did. #}
{% macro visits_recorded_from() %}
select
  min(counts_from_date) as browsing_from,
  {%- for name in event_counts() %}
  min(counts_from_date) filter (where {{ name }} > 0) as {{ name }}_from,
  {%- endfor %}
  min(counts_from_date) filter (where dwell_seconds is not null) as dwell_seconds_from,
  min(counts_from_date) filter (where query_keys is not null) as queries_from
from {{ ref("int_user_days") }}
{% endmacro %}

{# The columns of user_features that are made of events: unknown before the shop recorded such events, else zero or more. #}
{% macro visit_features() %}
    browsing.* exclude (
      snapshot_date, user_id,
      {%- for measure in browsing_measures() %} {{ windowed(measure) }}{{ "," if not loop.last }}{% endfor %}
    ),
    carts.abandoned_cart_share,
    {%- for measure in browsing_measures() + social_measures() + ["repeated_searches"] %}
    {{ zero_if_recorded(measure, "recorded." ~ recorded_from(measure) ~ " <= users.snapshot_date") }}
    {{- "," if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{% macro browsing_measures() -%}
  {{ return(["sessions", "views", "searches", "fruitless_searches", "carts", "cart_removals", "cart_sessions", "logins",
             "ad_impressions", "ad_clicks", "dwell_seconds", "active_days"]) }}
{%- endmacro %}

{% macro social_measures() -%} {{ return(["favorites", "follows", "shares"]) }} {%- endmacro %}
