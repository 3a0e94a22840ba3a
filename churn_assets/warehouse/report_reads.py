"""What the report of a snapshot reads from the warehouse: aggregates, nothing known at or after its snapshot."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import polars as pl

from churn_assets.contracts.raw import raw_contract
from churn_assets.warehouse.rows import mart_of
from churn_assets.workplace import Workplace

SEGMENTS = """
select ledger.arm, ledger.level, profiles.segment, count(*) as users
from interventions.decision_ledger as ledger
inner join marts.dim_user_profiles as profiles using (user_id, snapshot_date)
where snapshot_date = $snapshot and ledger.arm <> 'none' and profiles.segment is not null
group by all
order by all
"""
NEWEST = """
with days as (
  select *, day - lag(day) over (partition by name order by day) as pause from ({tables})
)

select name, max(day) as newest, coalesce(max(pause), 0) as longest
from (select * from days qualify row_number() over (partition by name order by day desc) <= $pauses)
group by name
"""
PAUSES = 60
ALWAYS = date(1900, 1, 1)  # known time of rows that came without any (macro always_known)
REFUSED = """
select source_table, count(*) as refused from staging.quarantine where known_at < $snapshot group by all order by all
"""


def segments_of(workplace: Workplace, days: Sequence[date]) -> pl.DataFrame:
    """One row per user and day who is in a segment: user_id, day, segment."""
    sql = "select user_id, snapshot_date as day, segment from marts.dim_user_profiles where snapshot_date = any($days)"
    return workplace.warehouse.query(f"{sql} and segment is not null order by all", {"days": list(days)})


def segments_planned(workplace: Workplace, snapshot: date) -> pl.DataFrame:
    """One row per arm, level and segment of the users acted upon: arm, level, segment, users."""
    return workplace.warehouse.query(SEGMENTS, {"snapshot": snapshot})


def newest_rows(workplace: Workplace, snapshot: date) -> dict[str, tuple[bool, date | None, int]]:
    """By raw table whether it has rows known before `snapshot`, the day on which the newest became known (None: its
    rows came without times), and the longest pause in days between such days, of the last PAUSES.
    """
    tables = " union all ".join(
        f"select distinct '{table.name}' as name, cast(known_at as date) as day from marts.{mart_of(table)} "
        "where known_at < $snapshot"
        for table in raw_contract()
    )
    rows = workplace.warehouse.query(NEWEST.format(tables=tables), {"snapshot": snapshot, "pauses": PAUSES})
    known = {name: (True, day if day > ALWAYS else None, pause) for name, day, pause in rows.iter_rows()}
    return {table.name: known.get(table.name, (False, None, 0)) for table in raw_contract()}


def refused_rows(workplace: Workplace, snapshot: date) -> dict[str, int]:
    """By raw table its rows in quarantine that became known before `snapshot`; tables without any are not there."""
    return dict(workplace.warehouse.query(REFUSED, {"snapshot": snapshot}).iter_rows())
