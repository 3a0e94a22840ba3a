"""What the report of a snapshot reads from the warehouse: aggregates, nothing known at or after its snapshot."""

from __future__ import annotations

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
REFUSED = """
select source_table, count(*) as refused from staging.quarantine where known_at < $snapshot group by all order by all
"""


def segments_planned(workplace: Workplace, snapshot: date) -> pl.DataFrame:
    """One row per arm, level and segment of the users acted upon: arm, level, segment, users."""
    return workplace.warehouse.query(SEGMENTS, {"snapshot": snapshot})


def newest_rows(workplace: Workplace, snapshot: date) -> dict[str, tuple[date | None, int]]:
    """By raw table the day on which its newest row became known, before `snapshot` (None: it has none), and the longest
    pause in days between days on which rows became known, of the last PAUSES.
    """
    tables = " union all ".join(
        f"select distinct '{table.name}' as name, cast(known_at as date) as day from marts.{mart_of(table)} "
        "where known_at < $snapshot"
        for table in raw_contract()
    )
    rows = workplace.warehouse.query(NEWEST.format(tables=tables), {"snapshot": snapshot, "pauses": PAUSES})
    known = {name: (day, pause) for name, day, pause in rows.iter_rows()}
    return {table.name: known.get(table.name, (None, 0)) for table in raw_contract()}


def refused_rows(workplace: Workplace, snapshot: date) -> dict[str, int]:
    """By raw table its rows in quarantine that became known before `snapshot`; tables without any are not there."""
    return dict(workplace.warehouse.query(REFUSED, {"snapshot": snapshot}).iter_rows())
