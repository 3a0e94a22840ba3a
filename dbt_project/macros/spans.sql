{# Rows of the CTE `parts` (each counting from one snapshot until another) put together by `key`, `aggregates` over
   them, per span in which the same parts count. `lone`: what the aggregates come to where a part is alone, for keys of
   which most have one part, whose rows then only stream by.

   The CTE `shared` are the narrow keys of several parts; only those whose parts do not all begin to count together and
   for good are taken apart, the others are one group. #}
{% macro put_together(key, narrow, aggregates, lone=none) %}
{%- set keys = key | join(", ") -%}
{%- set is_changing = "min(counts_from_date) <> max(counts_from_date) or count(counts_until_date) > 0" -%}
shared as materialized (
  select
    {{ narrow }},
    {{ is_changing }} as is_changing
  from parts
  group by {{ narrow }}
  having {{ "count(*) > 1 or " if lone }}{{ is_changing }}
),

moving as materialized (
  select * from parts where {{ narrow }} in (select {{ narrow }} from shared where is_changing)
),

spans as (
  select
    {{ keys }},
    counts_from_date as starts_date,
    lead(counts_from_date) over (partition by {{ keys }} order by counts_from_date) as ends_date
  from (
    select {{ keys }}, counts_from_date from moving
    union
    select {{ keys }}, counts_until_date from moving where counts_until_date is not null
  )
),

counting as (
  select moving.* replace (spans.starts_date as counts_from_date, spans.ends_date as counts_until_date)
  from spans
  inner join moving
    on {{ same_key("spans", "moving", key) }}
    and moving.counts_from_date <= spans.starts_date
    and (moving.counts_until_date is null or moving.counts_until_date > spans.starts_date)
)

{% if lone -%}
select
  {{ keys }},
  {{ lone }},
  counts_from_date,
  counts_until_date,
  {{ narrow }}
from parts
where {{ narrow }} not in (select {{ narrow }} from shared)
union all
{% endif -%}
select
  {{ keys }},
  {{ aggregates }},
  min(counts_from_date) as counts_from_date,
  cast(null as date) as counts_until_date,
  any_value({{ narrow }}) as {{ narrow }}
from parts
{% if lone -%}
where {{ narrow }} in (select {{ narrow }} from shared where not is_changing)
{% else -%}
where {{ narrow }} not in (select {{ narrow }} from shared)
{% endif -%}
group by {{ keys }}
union all
select
  {{ keys }},
  {{ aggregates }},
  counts_from_date,
  any_value(counts_until_date) as counts_until_date,
  any_value({{ narrow }}) as {{ narrow }}
from counting
group by {{ keys }}, counts_from_date
{% endmacro %}
