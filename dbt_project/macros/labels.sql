{# What counts as churn: one macro per definition, each an expression over a row of `users` in churn_labels.sql, true
   for who left. All look at the same window and are closed with what was known at its end. #}

{# No purchase in the window. #}
{% macro left_by_inactivity() -%} outcomes.orders is null {%- endmacro %}

{# By the end of the window the user has been silent for longer than is usual for them. Usual: the quantile of their own
   gaps between purchase days before the snapshot; of everybody's where they have fewer than rhythm_min_gaps; never
   shorter than the floor nor longer than the cap. A user who never bought has no silence to break: left. #}
{% macro left_by_own_rhythm() -%}
  coalesce(
    cast(users.matures_at as date) - outcomes.last_ordered_date
    > least(greatest(
      coalesce(
        case when len(habits.gaps) >= {{ run_var("churn").rhythm_min_gaps }} then {{ own_long_gap() }} end,
        shop_habits.long_gap_days,
        {{ run_var("churn").rhythm_cap_days }}
      ), {{ run_var("churn").rhythm_floor_days }}), {{ run_var("churn").rhythm_cap_days }}),
    true
  )
{%- endmacro %}

{# The quantile of ascending gaps: the smallest that is not below so large a share of them. #}
{% macro own_long_gap() -%}
  habits.gaps[greatest(cast(ceil({{ run_var("churn").rhythm_quantile }} * len(habits.gaps)) as integer), 1)]
{%- endmacro %}

{# Orders or spend in the window are down by the share or more, against the user's own rate over the reference period:
   the last reduced_reference_days, or since the first purchase where that is shorter, but not below one horizon.
   Whoever did not buy in it at all has left if they do not buy in the window. #}
{% macro left_by_reduced() -%}
  {%- set measure = run_var("churn").reduced_measure %}
  coalesce(cast(outcomes.{{ measure }} as double), 0) <= round(
    (1 - {{ run_var("churn").reduced_share }}) * coalesce(cast(habits.{{ measure }} as double), 0)
    * {{ run_var("churn").horizon_days }} / coalesce(habits.reference_days, 1), 6)
{%- endmacro %}

{# Neither a purchase in the window nor a visit begun in it. #}
{% macro left_by_no_activity() -%} outcomes.orders is null and visits.user_id is null {%- endmacro %}

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
    on orders.ordered_at < windows.matures_at and {{ counted_at("windows.matures_at", "orders") }}
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
        least(windows.snapshot_date - cast(min(orders.ordered_at) as date), {{ days }}), {{ run_var("churn").horizon_days }}
      ) as reference_days
    from windows
    inner join {{ ref("fct_orders") }} as orders
      on orders.ordered_at < windows.snapshot_date and {{ counted_at("windows.snapshot_date", "orders") }}
    where windows.is_mature and orders.is_purchase
    group by windows.snapshot_date, orders.user_id
  )
{% endmacro %}

{# The quantile of everybody's gaps. #}
{% macro label_shop_habits() %}
  select snapshot_date, quantile_disc(gap_days, {{ run_var("churn").rhythm_quantile }}) as long_gap_days
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
