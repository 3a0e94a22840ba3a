"""Where users stood when a plan was made, and by which channel arms reached them: what effects are split by."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import polars as pl

from churn_assets.contracts.counted import counted_at
from churn_assets.workplace import Workplace

EXISTS = """
select count(*) from information_schema.tables where table_schema = 'marts' and table_name = 'dim_user_profiles'
"""
# The portrait of a snapshot is made of what was known before it.
SEGMENTS = """
select decided.user_id, decided.snapshot_date, profiles.segment
from decided inner join marts.dim_user_profiles as profiles using (user_id, snapshot_date)
where profiles.segment is not null and snapshot_date < $snapshot
"""
# An arm of a campaign that came by two channels is of neither.
CHANNELS = f"""
select arm, min(channel) as channel
from marts.fct_contacts
where arm is not null and channel is not null and channel <> 'none' and sent_at < $snapshot and {counted_at()}
group by arm
having min(channel) = max(channel)
order by arm
"""


def segments_then(workplace: Workplace, decided: pl.DataFrame, snapshot: date) -> pl.DataFrame:
    """One row per user and earlier plan of `decided` (user_id, snapshot_date) whose segment at that plan is known."""
    schema = {"user_id": pl.String, "snapshot_date": pl.Date, "segment": pl.String}
    if not workplace.warehouse.query(EXISTS).item() or decided.is_empty():  # before the first plan there are none
        return pl.DataFrame(schema=schema)
    users = decided.select("user_id", "snapshot_date").unique(maintain_order=True)
    return workplace.warehouse.query(SEGMENTS, {"snapshot": snapshot}, {"decided": users}).cast(pl.Schema(schema))


def channels_of_arms(workplace: Workplace, snapshot: date) -> Mapping[str, str]:
    """By arm, as contacts name it, the channel of all its contacts so far."""
    return dict(workplace.warehouse.query(CHANNELS, {"snapshot": snapshot}).iter_rows())
