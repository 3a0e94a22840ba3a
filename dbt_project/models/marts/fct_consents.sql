{{ config(materialized="table") }}

-- Made whole each time: a withdrawal that arrives late, or with no time at all, counts like every other.
select distinct
  * {% if run_var("restated") %} replace (coalesce(changed_at, {{ always_known() }}) as known_at) {% endif %}
from {{ ref("stg_consents") }}
where known_at < {{ known_until() }}
