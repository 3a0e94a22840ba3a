{{ config(
  materialized="incremental",
  incremental_strategy="delete+insert",
  unique_key="snapshot_date",
  on_schema_change="sync_all_columns"
) }}

{%- set channels = run_var("channels") %}

-- Who objected is not profiled: stages and favourites have no such user, and so the row holds status and consents
-- alone.
select
  statuses.snapshot_date,
  statuses.user_id,
  statuses.status,
  stages.segment,
  stages.lifecycle_stage,
  {%- for place in [1, 2, 3] %}
  favourites.favourite_category_{{ place }},
  {%- endfor %}
  {%- for place in [1, 2, 3] %}
  favourites.favourite_hour_{{ place }},
  {%- endfor %}
  favourites.preferred_platform,
  scored.expected_spend_amount,
  scored.churn_probability,
  scored.risk_tier,
  scored.value_at_risk_amount,
  {%- for channel in channels %}
  coalesce(statuses.consent_{{ channel }}, false) as has_consent_{{ channel }}{{ "," if not loop.last }}
  {%- endfor %}
from {{ ref("user_statuses") }} as statuses
left join {{ ref("user_stages") }} as stages using (snapshot_date, user_id)
left join {{ ref("user_favourites") }} as favourites
  on stages.snapshot_date = favourites.snapshot_date and stages.user_id = favourites.user_id
left join {{ source("scoring", "scored_users") }} as scored
  on stages.snapshot_date = scored.snapshot_date and stages.user_id = scored.user_id
where statuses.snapshot_date in (select snapshot_date from {{ snapshots() }})
