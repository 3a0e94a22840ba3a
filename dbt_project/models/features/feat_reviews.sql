{{ config(materialized="ephemeral") }}

{%- set windows = run_var("windows_days") %}
{%- set recent = "(where reviewed_at >= " ~ add_days("snapshot_date", -windows[-2]) ~ ")" %}
{%- set earlier = "(where reviewed_at < " ~ add_days("snapshot_date", -windows[-2]) ~ ")" %}

with reviews as (
  select * replace (cast(rating as decimal(9, 4)) as rating)
  from ({{ rows_before_snapshots("int_review_sentiments", "reviewed_at", longest_window()) }})
)

select
  snapshot_date,
  user_id,
  {{ per_window("reviews", "count(*) [in window]", "reviewed_at") }},
  {{ mean("rating") }} as rating_mean,
  cast(arg_max(rating, (reviewed_at, review_id)) filter (where rating is not null) as double) as rating_last,
  {{ mean("rating", recent) }} - {{ mean("rating", earlier) }} as rating_trend,
  cast(count(*) filter (where rating <= 2) as double) / nullif(count(rating), 0) as low_rating_share,
  {{ mean("text_length") }} as review_length_mean,
  {{ mean("sentiment") }} as sentiment_mean,
  cast(arg_max(sentiment, (reviewed_at, review_id)) filter (where sentiment is not null) as double) as sentiment_last,
  cast(count(*) filter (where sentiment < 0) as double) / nullif(count(sentiment), 0) as negative_sentiment_share
from reviews
group by snapshot_date, user_id
