"""What became of messages that had a send slot: sent in it, opened, and whether the user came."""

from __future__ import annotations

from datetime import date

import polars as pl

from churn_assets.contracts.counted import counted_at
from churn_assets.contracts.send_slots import SLOTS
from churn_assets.warehouse.moments import OPENED_DAYS
from churn_assets.workplace import Workplace

VISIT_DAYS = 7  # a whole week, so that every slot has one of each weekday

# `planned`: campaign (of the message's contact), user_id, send_after, slot (its number, see moments.py). What was never
# handed over was not opened.
SLOT_OUTCOMES = f"""
with contacts as (
  select campaign_id as campaign, user_id, sent_at, opened_at, sent_at at time zone 'UTC' at time zone $zone as local_at
  from marts.fct_contacts
  where channel <> 'none' and sent_at < $snapshot and {counted_at()}
),
events as (
  select user_id, occurred_at from marts.fct_events
  where occurred_at < $snapshot and occurred_at >= (select min(send_after) from planned) and {counted_at()}
),
received as (
  select planned.campaign, planned.user_id,
         bool_or(4 * (isodow(local_at) - 1) + hour(local_at) // 6 = planned.slot) as is_in_slot,
         coalesce(bool_or(opened_at < $snapshot and opened_at < sent_at + to_days({OPENED_DAYS})), false) as is_opened
  from planned inner join contacts using (campaign, user_id) group by all
),
came as (
  select distinct planned.campaign, planned.user_id
  from planned
  inner join events on
    events.user_id = planned.user_id
    and events.occurred_at >= planned.send_after
    and events.occurred_at < planned.send_after + to_days({VISIT_DAYS})
)
select planned.campaign, planned.user_id, cast(coalesce(is_in_slot, false) as double) as in_slot,
       cast(coalesce(is_opened, false) as double) as opened, cast(came.user_id is not null as double) as visited
from planned
left join received using (campaign, user_id)
left join came using (campaign, user_id)
order by planned.campaign, planned.user_id
"""


def slot_outcomes(workplace: Workplace, planned: pl.DataFrame, snapshot: date, time_zone: str) -> pl.DataFrame:
    """One row per message of `planned` (campaign, user_id, send_after, slot): in_slot (whether it was sent in its slot,
    by the clock of `time_zone`), opened and visited, each 1 or 0.
    """
    numbers = {slot: number for number, slot in enumerate(SLOTS)}
    asked = planned.select(
        "campaign", "user_id", "send_after", pl.col("slot").replace_strict(numbers, return_dtype=pl.Int64)
    )
    return workplace.warehouse.query(SLOT_OUTCOMES, {"snapshot": snapshot, "zone": time_zone}, {"planned": asked})
