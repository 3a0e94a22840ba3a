-- A source without event ids gets the row itself as id, so that only exact repeats count as duplicates.
select
  * replace (coalesce(event_id, {{ content_id("events", except=["event_id", "ingested_at"]) }}) as event_id)
from (
  {{ staged("events") }}
)
