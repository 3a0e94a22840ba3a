{{ config(materialized="ephemeral") }}

select
  snapshot_date,
  user_id,
  count(*) as returns_count,
  {{ per_window("returns", "count(*) [in window]", "returned_at") }},
  {{ per_window("returned_amount", "cast(coalesce(sum(amount) [in window], 0) as double)", "returned_at") }}
from (
  select snapshots.snapshot_date, returns.user_id, returns.returned_at, returns.amount
  from {{ snapshots() }} as snapshots
  inner join {{ ref("fct_returns") }} as returns
    on {{ counted_at("snapshots.snapshot_date", "returns") }} and returns.returned_at < snapshots.snapshot_date
)
group by snapshot_date, user_id
