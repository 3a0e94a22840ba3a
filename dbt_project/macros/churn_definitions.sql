{# What counts as churn: one macro per definition, each an expression over a row of `users` in churn_labels.sql, true
   for who left. All look at the same window and are closed with what was known at its end. Their names are those of
   churn_assets/contracts/definitions.py. #}
{% macro left_by(definition) -%}
  {{ context.get("left_by_" ~ definition)() }}
{%- endmacro %}

{# No purchase in the window. #}
{% macro left_by_inactivity() -%}
  outcomes.orders is null
{%- endmacro %}

{# By the end of the window the user has been silent for longer than is usual for them. Usual: the quantile of their own
   gaps between purchase days before the snapshot; of everybody's where they have fewer than rhythm_min_gaps; never
   shorter than the floor nor longer than the cap. A user who never bought has no silence to break: left. #}
{% macro left_by_own_rhythm() -%}
  {%- set churn = run_var("churn") %}
  coalesce(
    cast(users.matures_at as date) - outcomes.last_ordered_date
    > least(
      greatest(
        coalesce(
          case when len(habits.gaps) >= {{ churn.rhythm_min_gaps }} then {{ own_long_gap() }} end,
          shop_habits.long_gap_days,
          {{ churn.rhythm_cap_days }}
        ),
        {{ churn.rhythm_floor_days }}
      ),
      {{ churn.rhythm_cap_days }}
    ),
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
  {%- set churn = run_var("churn") %}
  {%- set measure = churn.reduced_measure %}
  coalesce(cast(outcomes.{{ measure }} as double), 0) <= round(
    (1 - {{ churn.reduced_share }}) * coalesce(cast(habits.{{ measure }} as double), 0)
    * {{ churn.horizon_days }} / coalesce(habits.reference_days, 1),
    6
  )
{%- endmacro %}

{# Neither a purchase in the window nor a visit begun in it. #}
{% macro left_by_no_activity() -%}
  outcomes.orders is null and visits.user_id is null
{%- endmacro %}
