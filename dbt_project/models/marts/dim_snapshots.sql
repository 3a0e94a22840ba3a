{{ config(materialized="incremental", incremental_strategy="delete+insert", unique_key="snapshot_date") }}

-- Last of the marts on purpose: a boundary stands here only once every mart has consumed what was known before it.
{% for mart in marts_of_raw_tables().values() -%}
-- depends_on: {{ ref(mart) }}
{% endfor %}
{%- set churn = run_var("churn") %}
select
  snapshot_date,
  {{ add_days("cast(snapshot_date as timestamp)", churn.gap_days) }} as label_starts_at,
  {{ add_days("cast(snapshot_date as timestamp)", churn.gap_days + churn.horizon_days) }} as matures_at
from {{ snapshots() }}
