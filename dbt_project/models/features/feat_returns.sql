{{ config(materialized="ephemeral") }}

select
  snapshot_date,
  user_id,
  count(*) as returns_count,
  cast(sum(amount) as double) as returned_amount,
  count(distinct lower(reason)) as return_reasons_count,
  cast(count(*) filter (where {{ speaks_of_quality("reason") }}) as double) / nullif(count(reason), 0)
    as quality_return_share,
  {{ per_window("returns", "count(*) [in window]", "returned_at") }},
  {{ per_window("returned_amount", "cast(coalesce(sum(amount) [in window], 0) as double)", "returned_at") }}
from ({{ rows_before_snapshots("fct_returns", "returned_at") }})
group by snapshot_date, user_id
