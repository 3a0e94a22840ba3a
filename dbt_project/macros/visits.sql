{# What is counted per visit and per day of visits: the one list that events, visits, days and features follow. #}

{# Measure -> type of event it counts. #}
{% macro event_counts() -%}
  {{ return({
    "views": "view",
    "searches": "search",
    "carts": "add_to_cart",
    "cart_removals": "remove_from_cart",
    "favorites": "favorite",
    "follows": "follow_shop",
    "shares": "share",
    "logins": "login",
    "ad_impressions": "ad_impression",
    "ad_clicks": "ad_click",
  }) }}
{%- endmacro %}

{# Measures of a visit that add up over visits and days; all are whole numbers but dwell_seconds. #}
{% macro visit_measures() -%}
  {{ return(
    ["events"]
    + event_counts().keys() | list
    + ["fruitless_searches", "cart_sessions", "night_events", "weekend_events", "dwell_seconds"]
  ) }}
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
  list_sort(
    list({{ narrow_key("lower(search_query)") }}) filter (where event_type = 'search' and search_query is not null)
  ) as query_keys
{%- endmacro %}

{# Of a list of moments, how many have no later moment at which something was found; all where nothing ever was. #}
{% macro searches_after(searched, found) -%}
  {{ return(adapter.dispatch("searches_after")(searched, found)) }}
{%- endmacro %}

{% macro default__searches_after(searched, found) -%}
  coalesce(
    len(list_filter({{ searched }}, lambda moment: moment >= coalesce({{ found }}, timestamp '0001-01-01'))),
    0
  )
{%- endmacro %}

{# The measures per window, as `name`_<days>d, summed over the bands of days that a window is made of. #}
{% macro summed_bands(measures) -%}
  {%- for measure in measures %}
  {%- set is_last = loop.last %}
  {%- for days in run_var("windows_days") %}
  cast(coalesce(sum({{ measure }}) filter (where band_days <= {{ days }}), 0) as double) as {{ measure }}_{{ days }}d
  {{- "," if not (loop.last and is_last) }}
  {%- endfor %}
  {%- endfor %}
{%- endmacro %}

{# A day of visits is in the longest window and counts, in this version, at the snapshot. #}
{% macro day_counts_at(snapshot, days) -%}
  {{ days }}.event_date < {{ snapshot }}
  and {{ days }}.event_date >= {{ snapshot }} - {{ longest_window() }}
  and {{ days }}.counts_from_date <= {{ snapshot }}
  and ({{ days }}.counts_until_date is null or {{ days }}.counts_until_date > {{ snapshot }})
{%- endmacro %}
