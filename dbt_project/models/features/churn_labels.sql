{{ config(materialized="incremental", incremental_strategy="delete+insert", unique_key="snapshot_date") }}

-- The label of a snapshot is open until its window has passed. A run writes those of its own snapshots and closes the
-- earlier ones that matured meanwhile; what became known after the window never changes a label. All definitions are
-- always there (macros/churn_definitions.sql), so that choosing another one makes nothing again.
{%- set churn = run_var("churn") %}

with due as (
  select snapshot_date from {{ snapshots() }}
  {% if is_incremental() -%}
  union
  select distinct snapshot_date from {{ this }}
  where is_churned is null and matures_at <= {{ known_until() }}
  {%- endif %}
),

ends as (
  select
    snapshot_date,
    {{ add_days("cast(snapshot_date as timestamp)", churn.gap_days) }} as starts_at,
    {{ add_days("cast(snapshot_date as timestamp)", churn.gap_days + churn.horizon_days) }} as matures_at
  from due
),

windows as (
  select
    *,
    matures_at <= {{ known_until() }} as is_mature,
    {{ first_snapshot_after("matures_at - interval 1 microsecond") }} as closes_on
  from ends
),

outcomes as (
  {{ label_outcomes() }}
),

habits as (
  {{ label_habits() }}
),

shop_habits as (
  {{ label_shop_habits() }}
),

visits as (
  {{ label_visits() }}
),

users as (
  select
    statuses.user_id,
    statuses.snapshot_date,
    statuses.status = 'eligible' as is_eligible,
    windows.matures_at,
    windows.is_mature
  from {{ ref("user_statuses") }} as statuses
  inner join windows using (snapshot_date)
),

labelled as (
  select
    users.*,
    {%- for definition in run_var("definitions") %}
    {{ left_by(definition) }} as {{ definition }}{{ "," if not loop.last }}
    {%- endfor %}
  from users
  left join outcomes using (snapshot_date, user_id)
  left join habits using (snapshot_date, user_id)
  left join shop_habits using (snapshot_date)
  left join visits using (snapshot_date, user_id)
)

{% for definition in run_var("definitions") -%}
select
  user_id,
  snapshot_date,
  '{{ definition }}' as definition,
  is_eligible,
  case when is_mature then {{ definition }} end as is_churned,
  matures_at,
  {{ churn.gap_days }} as gap_days,
  {{ churn.horizon_days }} as horizon_days
from labelled
{% if definition == "no_activity" -%}
-- Where no visit had been recorded by the snapshot, their absence says nothing.
where snapshot_date >= (select min(counts_from_date) from {{ ref("int_user_days") }})
{% endif -%}
{{ "union all" if not loop.last }}
{% endfor %}
