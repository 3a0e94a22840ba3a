{{ config(materialized="ephemeral") }}

-- Ratios are those of the longest window: in a short one most users have too few visits to divide by.
select
  snapshot_date,
  user_id,
  snapshot_date - max(last_visit_date) as days_since_visit,
  cast(sum(views) as double) / sum(sessions) as views_per_session,
  cast(sum(events) as double) / sum(sessions) as events_per_session,
  cast(sum(dwell_seconds) as double) / sum(sessions) as dwell_per_session_seconds,
  cast(sum(carts) as double) / nullif(sum(views), 0) as carts_per_view,
  cast(sum(cart_sessions) as double) / sum(sessions) as cart_session_share,
  cast(sum(ad_clicks) as double) / nullif(sum(ad_impressions), 0) as ad_clicks_per_impression,
  bit_count(bit_or(hours_mask)) as active_hours,
  cast(sum(night_events) as double) / sum(events) as night_share,
  cast(sum(weekend_events) as double) / sum(events) as weekend_share,
  {{ summed_bands(browsing_measures()) }}
from {{ ref("int_visit_bands") }}
group by snapshot_date, user_id
