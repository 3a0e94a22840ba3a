{{ config(materialized="view") }}

select
  decision_id,
  user_id,
  snapshot_date,
  policy_version,
  arm,
  level,
  channel,
  reason,
  churn_probability,
  value_at_risk_amount,
  expected_gain_amount,
  expected_cost_amount
from {{ source("interventions", "decision_ledger") }}
where arm <> 'none'
