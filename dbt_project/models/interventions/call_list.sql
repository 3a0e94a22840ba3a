{{ config(materialized="view") }}

-- A group may be a reason of both kinds: what can be acted upon is what a call can be about, so it comes first.
with worded as (
  select snapshot_date, user_id, reason_group as reason, arg_min(text_en, kind) as reason_text
  from {{ source("scoring", "user_reasons") }}
  group by snapshot_date, user_id, reason_group
)

select
  plan.snapshot_date,
  row_number() over (partition by plan.snapshot_date order by plan.expected_gain_amount desc, plan.user_id asc)
    as call_rank,
  plan.user_id,
  plan.arm,
  plan.reason,
  worded.reason_text,
  plan.value_at_risk_amount,
  plan.decision_id
from {{ ref("intervention_plan") }} as plan
left join worded using (snapshot_date, user_id, reason)
where plan.channel = 'call'
  and plan.decision_id in (
    select messages.decision_id from {{ source("interventions", "outbox") }} as messages
    where messages.state <> 'cancelled'
  )
  -- Of a snapshot whose scores are withheld nobody is to be called, as nobody is to be mailed.
  and plan.snapshot_date in (
    select scored.snapshot_date from {{ source("scoring", "scored_users") }} as scored
  )
