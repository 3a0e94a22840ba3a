{{ config(materialized="incremental", incremental_strategy="delete+insert", unique_key="review_id") }}

-- A review is read with what had been learned before the snapshot at which it began to count itself, so that its score
-- never changes and does not depend on which snapshots are made in which order.
with reviews as (
  select
    *,
    min({{ first_snapshot_after("greatest(known_at, reviewed_at)") }}) over (partition by review_id) as counts_from_date
  from {{ ref("fct_reviews") }}
  {% if is_incremental() -%}
  where review_id in (
    select review_id from {{ ref("fct_reviews") }}
    where known_at >= {{ consume_from("reviews") }} and known_at < {{ consume_until() }}
  )
  {%- endif %}
),

said as (
  select review_id, known_at, counts_from_date, unnest({{ character_pairs("text") }}) as term from reviews
),

asked as (
  select counts_from_date, term from said
  union
  select counts_from_date, '' as term from reviews
),

changes as (
  select
    counts_from_date, term, bool_or(is_asked) as is_asked,
    sum(good_reviews) as good_reviews, sum(bad_reviews) as bad_reviews
  from (
    select counts_from_date, term, true as is_asked, 0 as good_reviews, 0 as bad_reviews from asked
    union all
    select counts_from_date, term, false as is_asked, good_reviews, bad_reviews from {{ ref("int_review_terms") }}
    where term in (select term from asked)
  )
  group by counts_from_date, term
),

learned as (
  select
    counts_from_date, term, is_asked,
    coalesce(sum(good_reviews) over before_it, 0) as good,
    coalesce(sum(bad_reviews) over before_it, 0) as bad
  from changes
  window before_it as (partition by term order by counts_from_date rows between unbounded preceding and 1 preceding)
),

-- Naive Bayes with Laplace smoothing: what a term speaks for, in log-odds of a good review against a bad one.
weights as (
  select
    terms.counts_from_date,
    terms.term,
    cast(
      ln((terms.good + 1) / (reviews.good + 2)) - ln((terms.bad + 1) / (reviews.bad + 2)) as decimal(18, 9)
    ) as log_odds
  from learned as terms
  inner join learned as reviews
    on terms.counts_from_date = reviews.counts_from_date and reviews.term = '' and reviews.is_asked
  where terms.is_asked and terms.term <> '' and reviews.good > 0 and reviews.bad > 0
),

scores as (
  select said.review_id, said.known_at, cast({{ mean("weights.log_odds") }} as decimal(9, 6)) as sentiment
  from said
  inner join weights using (counts_from_date, term)
  group by said.review_id, said.known_at
)

select
  reviews.review_id,
  reviews.user_id,
  reviews.reviewed_at,
  reviews.rating,
  length(reviews.text) as text_length,
  scores.sentiment,
  reviews.known_at,
  reviews.superseded_at
from reviews
left join scores using (review_id, known_at)
