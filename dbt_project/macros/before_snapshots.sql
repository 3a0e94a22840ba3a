{# Rows as they counted at each snapshot, of what had happened before it. #}

{# Of a versioned mart: one per snapshot and id; `days` back at most, if given. #}
{% macro rows_before_snapshots(mart, happened_at, days=none) %}
select snapshots.snapshot_date, held.*
from {{ snapshots() }} as snapshots
inner join {{ ref(mart) }} as held
  on {{ counted_at("snapshots.snapshot_date", "held") }}
  and held.{{ happened_at }} < snapshots.snapshot_date
  {%- if days %}
  and held.{{ happened_at }} >= {{ add_days("snapshots.snapshot_date", -(days | int)) }}
  {%- endif %}
{% endmacro %}

{# Purchases: one row per snapshot and order. #}
{% macro purchases_before_snapshots() %}
select
  snapshots.snapshot_date,
  orders.*,
  case when orders.delivered_at < snapshots.snapshot_date then orders.delivered_at > orders.promised_at end as is_late,
  case
    when orders.delivered_at < snapshots.snapshot_date
      then greatest(date_diff('second', orders.promised_at, orders.delivered_at), 0)
  end as late_seconds
from {{ snapshots() }} as snapshots
inner join {{ ref("fct_orders") }} as orders
  on {{ counted_at("snapshots.snapshot_date", "orders") }}
  and orders.ordered_at < snapshots.snapshot_date
where orders.is_purchase
{% endmacro %}

{# Users known at each snapshot, as the shop described them by then. What a row says of a user whose registration is
   still to come is not known yet, even where it was told in advance. #}
{% macro users_at_snapshots() %}
select statuses.snapshot_date, statuses.user_id, users.* exclude (user_id)
from {{ ref("user_statuses") }} as statuses
left join {{ ref("dim_users") }} as users
  on statuses.user_id = users.user_id
  and {{ counted_at("statuses.snapshot_date", "users") }}
  and (users.registered_at is null or users.registered_at < statuses.snapshot_date)
where statuses.snapshot_date in (select snapshot_date from {{ snapshots() }})
{% endmacro %}
