{{ config(materialized="view") }}

select
  snapshot_date,
  row_number() over (partition by snapshot_date order by expected_gain_amount desc, user_id asc) as call_rank,
  user_id,
  arm,
  reason,
  value_at_risk_amount,
  decision_id
from {{ ref("intervention_plan") }}
where channel = 'call'
