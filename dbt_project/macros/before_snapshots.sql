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
