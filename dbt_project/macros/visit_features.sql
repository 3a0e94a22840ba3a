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

{# The columns of user_features that are made of events: unknown before the shop recorded such events, else zero or
   more. #}
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
  {{ return([
    "sessions",
    "views",
    "searches",
    "fruitless_searches",
    "carts",
    "cart_removals",
    "cart_sessions",
    "logins",
    "ad_impressions",
    "ad_clicks",
    "dwell_seconds",
    "active_days",
  ]) }}
{%- endmacro %}

{% macro social_measures() -%}
  {{ return(["favorites", "follows", "shares"]) }}
{%- endmacro %}
