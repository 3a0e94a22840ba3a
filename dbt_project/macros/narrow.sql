{# 64 bits that stand for a key: narrow enough to search all history by. Two keys may share one, so nothing is decided
   by it alone; whatever shares a changed one is read, and made again, together. #}
{% macro narrow_key(columns) -%}
  {{ return(adapter.dispatch("narrow_key")(columns)) }}
{%- endmacro %}

{% macro default__narrow_key(columns) -%}
  hash({{ columns }})
{%- endmacro %}

{# `versions` for a table too large to be held in memory or compared id by id: the rows of the CTE `arrived` need a
   column `key`, the narrow key of the id. Only rows whose key comes twice are looked at as versions, all others stream.
   - `all_keys` selects the keys of at least the rows of `arrived`, for a first run: a row too many only sends its like
     the long way.
   - `again` selects the rows of `arrived` whose key is in the CTE `repeated`, where there is a cheaper way than to look
     for them. #}
{% macro versions_by_narrow_key(table, id, key, all_keys, again=none) %}
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
  group by {{ key }}
  having count(*) > 1
),

candidates as (
  {{ again or "select * from arrived where " ~ key ~ " in (select " ~ key ~ " from repeated)" }}
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
