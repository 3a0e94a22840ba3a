{{ config(materialized="table") }}

-- Made whole each time: a withdrawal that arrives late, or with no time at all, counts like every other.
select distinct *
from
{%- if run_var("restated") %}
  (
    -- What happened, whenever it became known; but a no counts once it is known, whatever time it gives.
    select
      * replace (
        case when {{ is_no() }} then least(changed_at, known_at) else coalesce(changed_at, {{ always_known() }}) end
          as known_at
      )
    from {{ ref("stg_consents") }}
  )
{%- else %}
  {{ ref("stg_consents") }}
{%- endif %}
where known_at < {{ known_until() }}
