{# Rows of a raw table, staged, that arrived in the windows this run consumes. #}
{% macro arrived_rows(table) -%}
select * from {{ ref("stg_" ~ table) }}
where known_at >= {{ consume_from(table) }} and known_at < {{ consume_until() }}
{%- endmacro %}

{# All versions of the ids in the CTE `arrived`, each with the time its successor became known (`superseded_at`).

   A row that repeats an id with a later known time replaces the earlier one from then on; repeats with the same known time
   are duplicates, of which one stays whatever the order of the files. Earlier versions come from the table itself, so a
   weekly run never reads the past of the landing. #}
{% macro versions(table, key) %}
{%- set keys = key | join(", ") -%}
candidates as materialized (
  {{ _candidates(table, key) }}
),

repeated as (
  select {{ keys }} from candidates
  group by {{ keys }} having count(*) > 1
),

unrepeated as (
  select * from candidates
  where exists (select 1 from repeated where {{ same_key("repeated", "candidates", key) }})
  qualify row_number() over (partition by {{ keys }}, known_at order by hash(candidates)) = 1
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
{%- else -%} '' {%- endif -%}
{%- endmacro %}

{# 64 bits that stand for a key: narrow enough to search all history by. Two keys may share one, so nothing is decided by
   it alone; whatever shares a changed one is read, and made again, together. #}
{% macro narrow_key(columns) -%} {{ return(adapter.dispatch("narrow_key")(columns)) }} {%- endmacro %}
{% macro default__narrow_key(columns) -%} hash({{ columns }}) {%- endmacro %}

{# `versions` for a table too large to be held in memory or compared id by id: the rows of the CTE `arrived` need a column
   `key`, the narrow key of the id. Only rows whose key comes twice are looked at as versions, all others stream. `all_keys`
   selects the keys of at least the rows of `arrived`, for a first run: a row too many only sends its like the long way. #}
{% macro versions_by_narrow_key(table, id, key, all_keys) %}
{%- if is_incremental() -%}
held as materialized (
  select * exclude (superseded_at)
  from {{ this }}
  where {{ key }} in (select {{ key }} from arrived)
    and not (known_at >= {{ consume_from(table) }} and known_at < {{ consume_until() }})
),
{%- endif %}

repeated as materialized (
  select {{ key }}
  from (
    {% if is_incremental() -%}
    select {{ key }} from arrived
    union all
    select {{ key }} from held
    {%- else -%}
    {{ all_keys }}
    {%- endif %}
  )
  group by {{ key }} having count(*) > 1
),

candidates as (
  select * from arrived where {{ key }} in (select {{ key }} from repeated)
  {%- if is_incremental() %}
  union all by name
  select * from held
  {%- endif %}
),

unrepeated as (
  select * from candidates
  qualify row_number() over (partition by {{ id }}, known_at order by hash(candidates)) = 1
)

select *, cast(null as timestamp) as superseded_at
from arrived
where {{ key }} not in (select {{ key }} from repeated)
union all
select *, lead(known_at) over (partition by {{ id }} order by known_at) as superseded_at
from unrepeated
{% endmacro %}

{# Rows of the CTE `parts` (each counting from one snapshot until another) put together by `key`, `aggregates` over them,
   per span in which the same parts count. `changing` are the narrow keys whose parts do not all begin to count together
   and for good: only those are taken apart, the others are one group. #}
{% macro put_together(key, narrow, aggregates) %}
{%- set keys = key | join(", ") -%}
changing as materialized (
  select {{ narrow }} from parts
  group by {{ narrow }}
  having min(counts_from_date) <> max(counts_from_date) or count(counts_until_date) > 0
),

moving as materialized (
  select * from parts where {{ narrow }} in (select {{ narrow }} from changing)
),

spans as (
  select
    {{ keys }}, counts_from_date as starts_date,
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
    on {% for column in key %}spans.{{ column }} = moving.{{ column }} and {% endfor %}moving.counts_from_date <= spans.starts_date
    and (moving.counts_until_date is null or moving.counts_until_date > spans.starts_date)
)

select
  {{ keys }},
  {{ aggregates }},
  min(counts_from_date) as counts_from_date,
  cast(null as date) as counts_until_date,
  any_value({{ narrow }}) as {{ narrow }}
from parts
where {{ narrow }} not in (select {{ narrow }} from changing)
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
