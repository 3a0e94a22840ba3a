"""When users came of their own accord, and which messages they opened, by day of the week and part of the day."""

from __future__ import annotations

from datetime import date

import polars as pl

from churn_assets.contracts.counted import counted_at
from churn_assets.workplace import Workplace

DAYS = 182  # a summer and a winter half of habits; older ones are of another job, school or phone
OWN_DAYS = 1  # a visit within a day of a message may be its answer, and says nothing of the user's own hours
OPENED_DAYS = 3  # a message that is not opened by then is not counted as one that was

# `slot`: 4 x (day of the week, Monday 0) + quarter of the day, by the clock of $zone.
MOMENTS = f"""
with users as (
  select distinct unnest(cast($users as varchar[])) as user_id
),
contacts as (
  select user_id, sent_at, opened_at from marts.fct_contacts
  semi join users using (user_id)
  where channel <> 'none' and sent_at < $snapshot and sent_at >= $snapshot - to_days({DAYS + OWN_DAYS})
    and {counted_at()}
),
events as (
  select user_id, occurred_at from marts.fct_events
  semi join users using (user_id)
  where occurred_at < $snapshot and occurred_at >= $snapshot - to_days({DAYS}) and {counted_at()}
),
own_visits as (
  select distinct events.user_id, events.occurred_at at time zone 'UTC' at time zone $zone as local_at
  from events
  asof left join contacts on contacts.user_id = events.user_id and contacts.sent_at <= events.occurred_at
  where contacts.sent_at is null or events.occurred_at >= contacts.sent_at + to_days({OWN_DAYS})
),
visits as (
  select user_id, 4 * (isodow(local_at) - 1) + hour(local_at) // 6 as slot,
         count(distinct cast(local_at as date)) as visits
  from own_visits group by all
),
messages as (
  select user_id, opened_at, sent_at, sent_at at time zone 'UTC' at time zone $zone as local_at from contacts
  where sent_at < $snapshot - to_days({OPENED_DAYS})
),
sent as (
  select user_id, 4 * (isodow(local_at) - 1) + hour(local_at) // 6 as slot, count(*) as sent,
         count(*) filter (where opened_at < $snapshot and opened_at < sent_at + to_days({OPENED_DAYS})) as opened
  from messages group by all
)
select user_id, cast(slot as bigint) as slot, cast(coalesce(visits, 0) as bigint) as visits,
       cast(coalesce(sent, 0) as bigint) as sent, cast(coalesce(opened, 0) as bigint) as opened
from visits full join sent using (user_id, slot)
order by user_id, slot
"""  # fmt: skip


def moments_before(workplace: Workplace, snapshot: date, users: pl.Series, time_zone: str) -> pl.DataFrame:
    """One row per user and slot (0 to 27) in which there was anything: days with a visit of the user's own accord in
    the half year before the snapshot, messages sent, and those of them that were opened, as known at the snapshot.
    """
    asked = {"users": users.to_list(), "snapshot": snapshot, "zone": time_zone}
    return workplace.warehouse.query(MOMENTS, asked)
