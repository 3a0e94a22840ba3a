"""How often users of a landing order, for the outlook of `churn check` (monitoring/outlook.py)."""

from __future__ import annotations

import duckdb

from churn_assets.landing.contents import LandedTable
from churn_assets.monitoring.outlook import HORIZONS, Rhythm

PURCHASES = """
create or replace temp table purchases as
select user_id, cast(ordered_at as date) as day from {scan}
where refused_because is null and not is_replaced and is_purchase group by all
"""
GAPS = """
select count(distinct user_id), count(distinct user_id) filter (gap is not null), median(gap),
  date_diff('day', min(day), max(day))
from (select *, date_diff('day', lag(day) over (partition by user_id order by day), day) as gap from purchases)
"""
LEAVING = """
select count(*) filter (before is not null), avg(case when before is not null then cast(within is null as int) end)
from (
  select user_id,
    max(day) filter (day < until - $horizon and day >= until - $horizon - $active) as before,
    max(day) filter (day >= until - $horizon) as within
  from purchases, (select max(day) + 1 as until from purchases) group by user_id
)
"""
EVER = 100_000  # days


def rhythm_of(
    connection: duckdb.DuckDBPyConnection, orders: LandedTable, horizon_days: int, active_within_days: int | None
) -> Rhythm:
    """Over the whole landing as it is today; the windows end with the last order."""
    connection.execute(PURCHASES.format(scan=orders.scan))
    buyers, repeat, half, days = connection.execute(GAPS).fetchone() or (0, 0, None, 0)
    active, leaving = {}, {}
    for horizon in sorted({*HORIZONS, horizon_days}):
        values = {"horizon": horizon, "active": active_within_days or EVER}
        users, share = connection.execute(LEAVING, values).fetchone() or (0, None)
        active[horizon] = int(users)
        if share is not None:
            leaving[horizon] = float(share)
    connection.execute("drop table purchases")
    return Rhythm(int(days or 0), int(buyers), int(repeat), half, active, leaving)
