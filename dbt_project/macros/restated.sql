{# A restated build asks what happened, not what was known: every row counts from its event time on, and of an id only
   the newest version of all that has been delivered. A late row or a correction then changes past snapshots that are
   made again, which is why it is never the default: nobody could have acted on such features, and no model may learn
   from them what it will do in service. #}

{# All rows of a raw table as they are known today, with their event time for a known time; without one, always
   known. #}
{% macro restated_rows(table) -%}
{%- if execute -%}
{%- set contract = raw_table(table) -%}
{%- set keys = contract.meta.key | join(", ") -%}
{%- set event = contract.columns.values() | selectattr("meta.event_time") | first -%}
select * replace (coalesce({{ event.name ~ ", " if event }}{{ always_known() }}) as known_at)
from (
  select staged.* from {{ ref("stg_" ~ table) }} as staged
  {%- if contract.meta.lines %}
  qualify known_at = max(known_at) over (partition by {{ keys }})
  {%- else %}
  qualify row_number() over (partition by {{ keys }} order by known_at desc, hash(staged)) = 1
  {%- endif %}
)
{%- else -%}
select * from {{ ref("stg_" ~ table) }}
{%- endif -%}
{%- endmacro %}

{# dbt's own macro of that name, but for one thing: what is restated is no increment of what was known before. #}
{% macro should_full_refresh() %}
  {% set is_restated_mart = run_var("restated") and model.fqn[1] == "marts" and model.name != "dim_snapshots" %}
  {% set configured = config.get("full_refresh") %}
  {% do return(is_restated_mart or (flags.FULL_REFRESH if configured is none else configured)) %}
{% endmacro %}
