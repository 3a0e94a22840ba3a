{{ config(materialized="ephemeral") }}

with users as (
  {{ users_at_snapshots() }}
)

select
  snapshot_date,
  user_id,
  year(snapshot_date) - birth_year as age_years,
  {{ is_female("gender") }} as is_female,
  {{ tier_number("city_tier") }} as city_tier,
  friend_count as friends_count,
  {%- for column in ["region", "acquisition_channel"] %}
  case when {{ column }} is not null then
    cast(count(*) over (partition by snapshot_date, {{ column }}) as double)
    / count({{ column }}) over (partition by snapshot_date)
  end as {{ column }}_users_share{{ "," if not loop.last }}
  {%- endfor %}
from users
