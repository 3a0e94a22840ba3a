{{ config(materialized="ephemeral") }}

-- What, when and where a user buys and visits in the longest window. Ties go to the name that sorts first.
with purchases as (
  select * from ({{ purchases_before_snapshots() }}) as bought
  where ordered_at >= {{ add_days("snapshot_date", -(run_var("windows_days") | max)) }}
),

occasions as (
  select snapshot_date, user_id, ordered_at as happened_at from purchases
  union all
  select snapshots.snapshot_date, sessions.user_id, sessions.started_at as happened_at
  from {{ snapshots() }} as snapshots
  inner join {{ ref("fct_sessions") }} as sessions
    on sessions.started_at < snapshots.snapshot_date
    and sessions.started_at >= {{ add_days("snapshots.snapshot_date", -(run_var("windows_days") | max)) }}
    and sessions.counts_from_date <= snapshots.snapshot_date
    and (sessions.counts_until_date is null or sessions.counts_until_date > snapshots.snapshot_date)
  where sessions.events > 0
),

counted as (
  select
    purchases.snapshot_date, purchases.user_id, 'category' as kind, items.category as name,
    count(distinct purchases.order_id) as times
  from purchases
  inner join {{ ref("fct_order_items") }} as items
    on purchases.order_id = items.order_id and {{ counted_at("purchases.snapshot_date", "items") }}
  where items.category is not null
  group by purchases.snapshot_date, purchases.user_id, items.category
  union all
  select snapshot_date, user_id, 'platform' as kind, platform as name, count(*) as times
  from purchases
  where platform is not null
  group by snapshot_date, user_id, platform
  union all
  select snapshot_date, user_id, 'hour' as kind, strftime(happened_at, '%H') as name, count(*) as times
  from occasions
  group by snapshot_date, user_id, strftime(happened_at, '%H')
),

ranked as (
  select *, row_number() over (partition by snapshot_date, user_id, kind order by times desc, name asc) as place
  from counted
)

select
  snapshot_date,
  user_id,
  {%- for place in [1, 2, 3] %}
  max(name) filter (where kind = 'category' and place = {{ place }}) as favourite_category_{{ place }},
  {%- endfor %}
  {%- for place in [1, 2, 3] %}
  cast(max(name) filter (where kind = 'hour' and place = {{ place }}) as integer) as favourite_hour_{{ place }},
  {%- endfor %}
  max(name) filter (where kind = 'platform' and place = 1) as preferred_platform
from ranked
where place <= 3
group by snapshot_date, user_id
