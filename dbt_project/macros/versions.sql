{# Rows of a raw table, staged, that arrived in the windows this run consumes. Restated: see macros/restated.sql. #}
{% macro arrived_rows(table) -%}
{%- if run_var("restated") -%}
{{ restated_rows(table) }}
{%- else -%}
select * from {{ ref("stg_" ~ table) }}
where known_at >= {{ consume_from(table) }} and known_at < {{ consume_until() }}
{%- endif -%}
{%- endmacro %}

{# All versions of the ids in the CTE `arrived`, each with the time its successor became known (`superseded_at`).

   A row that repeats an id with a later known time replaces the earlier one from then on; repeats with the same known
   time are duplicates, of which one stays whatever the order of the files. Earlier versions come from the table itself,
   so a weekly run never reads the past of the landing. #}
{% macro versions(table, key) %}
{%- set keys = key | join(", ") -%}
candidates as materialized (
  {{ _candidates(table, key) }}
),

repeated as (
  select {{ keys }}
  from candidates
  group by {{ keys }}
  having count(*) > 1
),

unrepeated as (
  select * from candidates
  where exists (select 1 from repeated where {{ same_key("repeated", "candidates", key) }})
  qualify row_number() over (
    partition by {{ keys }}, known_at
    order by hash({{ told_at_once(table) }}), hash(candidates)
  ) = 1
)

-- Nearly all ids come once: only the others are worth sorting.
select *, cast(null as timestamp) as superseded_at
from candidates
where not exists (select 1 from repeated where {{ same_key("repeated", "candidates", key) }})
union all
select *, lead(known_at) over (partition by {{ keys }} order by known_at) as superseded_at
from unrepeated
{% endmacro %}

{# The same where an id holds several rows: all different rows of the newest delivery count together. #}
{% macro versions_of_lines(table, key) %}
{%- set keys = key | join(", ") -%}
candidates as (
  {{ _candidates(table, key) }}
),

unrepeated as (
  select distinct * from candidates
),

deliveries as (
  select {{ keys }}, known_at, lead(known_at) over (partition by {{ keys }} order by known_at) as superseded_at
  from (select distinct {{ keys }}, known_at from unrepeated)
)

select unrepeated.*, deliveries.superseded_at
from unrepeated
inner join deliveries using ({{ keys }}, known_at)
{% endmacro %}

{% macro _candidates(table, key) %}
  select * from arrived
  {%- if is_incremental() %}
  union all by name
  select * exclude (superseded_at)
  from {{ this }} as held
  where exists (select 1 from arrived where {{ same_key("arrived", "held", key) }})
    and not (known_at >= {{ consume_from(table) }} and known_at < {{ consume_until() }})
  {%- endif %}
{% endmacro %}

{% macro same_key(left, right, key) -%}
  {%- for column in key %}{{ left }}.{{ column }} = {{ right }}.{{ column }}{{ " and " if not loop.last }}{% endfor -%}
{%- endmacro %}

{# Id made of the row's own content, for tables whose id is optional. #}
{% macro content_id(name, except) -%}
{%- if execute -%}
  'row-' || md5(concat_ws('|'
  {%- for column in raw_table(name).columns.values() if column.name not in except -%}
    , coalesce(cast({{ adapter.quote(column.name) }} as varchar), '-')
  {%- endfor %}))
{%- else -%}
  ''
{%- endif -%}
{%- endmacro %}
