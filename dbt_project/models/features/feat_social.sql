{{ config(materialized="ephemeral") }}

select
  snapshot_date,
  user_id,
  {{ summed_bands(social_measures()) }}
from {{ ref("int_visit_bands") }}
group by snapshot_date, user_id
