{# What the churn definitions are said of: the CTEs `outcomes`, `habits`, `shop_habits` and `visits` of
   churn_labels.sql, made from its CTE `windows`. #}

{# Purchases in the window as they counted at its end, and the last one before that end: per snapshot and user. #}
{% macro label_outcomes() %}
  select
    windows.snapshot_date,
    orders.user_id,
    nullif(count(*) filter (where orders.ordered_at >= windows.starts_at), 0) as orders,
    sum(orders.amount) filter (where orders.ordered_at >= windows.starts_at) as spent_amount,
    cast(max(orders.ordered_at) as date) as last_ordered_date
  from windows
  inner join {{ ref("fct_orders") }} as orders
    on orders.ordered_at < windows.matures_at
    and {{ counted_at("windows.matures_at", "orders") }}
  where windows.is_mature and orders.is_purchase
  group by windows.snapshot_date, orders.user_id
{% endmacro %}

{# What was usual for a user before the snapshot, as it counted at it: gaps between purchase days, ascending, and orders
   and spend of the reference period. Lists, since sorting every purchase of every snapshot took three times as long. #}
{% macro label_habits() %}
  {%- set days = run_var("churn").reduced_reference_days %}
  {%- set in_reference = "filter (where orders.ordered_at >= " ~ add_days("windows.snapshot_date", -days) ~ ")" %}
  select
    * exclude (days),
    list_sort({{ gaps_between("days") }}) as gaps
  from (
    select
      windows.snapshot_date,
      orders.user_id,
      {{ collected("cast(orders.ordered_at as date)") }} as days,
      count(*) {{ in_reference }} as orders,
      sum(orders.amount) {{ in_reference }} as spent_amount,
      greatest(
        least(windows.snapshot_date - cast(min(orders.ordered_at) as date), {{ days }}),
        {{ run_var("churn").horizon_days }}
      ) as reference_days
    from windows
    inner join {{ ref("fct_orders") }} as orders
      on orders.ordered_at < windows.snapshot_date
      and {{ counted_at("windows.snapshot_date", "orders") }}
    where windows.is_mature and orders.is_purchase
    group by windows.snapshot_date, orders.user_id
  )
{% endmacro %}

{# The quantile of everybody's gaps. #}
{% macro label_shop_habits() %}
  select
    snapshot_date,
    quantile_disc(gap_days, {{ run_var("churn").rhythm_quantile }}) as long_gap_days
  from (select snapshot_date, unnest(gaps) as gap_days from habits)
  group by snapshot_date
{% endmacro %}

{# Users with a visit begun in the window. Visits count by boundaries of the calendar: where the window does not end on
   one, as they counted at the next. #}
{% macro label_visits() %}
  select distinct windows.snapshot_date, days.user_id
  from windows
  inner join {{ ref("int_user_days") }} as days
    on days.event_date >= cast(windows.starts_at as date)
    and days.event_date < cast(windows.matures_at as date)
    and days.counts_from_date <= windows.closes_on
    and (days.counts_until_date is null or days.counts_until_date > windows.closes_on)
  where windows.is_mature and days.events > 0
{% endmacro %}
