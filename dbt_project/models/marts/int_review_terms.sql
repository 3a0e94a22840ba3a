{{ config(materialized="incremental", incremental_strategy="delete+insert", unique_key="counts_from_date") }}

{%- set begins = first_snapshot_after("greatest(known_at, reviewed_at)") %}
{%- set ceases = first_snapshot_after("greatest(superseded_at, reviewed_at)") %}

-- A corrected review is taken off at the snapshot at which its correction takes over. Three stars say neither good nor
-- bad. The empty term counts the reviews; it is there for every snapshot, so that a snapshot is always written anew.
with changes as (
  select text, rating, 1 as sign, {{ begins }} as counts_from_date from {{ ref("fct_reviews") }}
  union all
  select text, rating, -1 as sign, {{ ceases }} as counts_from_date from {{ ref("fct_reviews") }}
  where superseded_at is not null
),

learned as (
  select
    counts_from_date,
    case when text is null or rating is null then [''] else list_append({{ character_pairs("text") }}, '') end as terms,
    case when text is not null and rating >= 4 then sign else 0 end as good,
    case when text is not null and rating <= 2 then sign else 0 end as bad
  from changes
  {% if is_incremental() -%}
  where counts_from_date in (
    select {{ begins }} from {{ ref("fct_reviews") }}
    where known_at >= {{ consume_from("reviews") }} and known_at < {{ consume_until() }}
    union
    select {{ ceases }} from {{ ref("fct_reviews") }}
    where superseded_at >= {{ consume_from("reviews") }} and superseded_at < {{ consume_until() }}
  )
  {%- endif %}
)

select
  counts_from_date,
  term,
  cast(sum(good) as bigint) as good_reviews,
  cast(sum(bad) as bigint) as bad_reviews
from (select counts_from_date, good, bad, unnest(terms) as term from learned) as unnested
group by counts_from_date, term
