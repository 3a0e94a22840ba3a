{{ config(materialized="ephemeral") }}

-- What a row says of a user whose registration is still to come is not known yet, even where it was told in advance.
with users as (
  select statuses.snapshot_date, statuses.user_id, users.* exclude (user_id)
  from {{ ref("user_statuses") }} as statuses
  left join {{ ref("dim_users") }} as users
    on statuses.user_id = users.user_id
    and {{ counted_at("statuses.snapshot_date", "users") }}
    and (users.registered_at is null or users.registered_at < statuses.snapshot_date)
  where statuses.snapshot_date in (select snapshot_date from {{ snapshots() }})
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
