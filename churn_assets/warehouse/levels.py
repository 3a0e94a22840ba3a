"""Who was active at past dates, and who bought again: counted in the warehouse, evaluated in model/levels.py.

Counted by purchases, whatever the churn definition: labels of a year ago may not have been built.
"""

from __future__ import annotations

from datetime import date

import polars as pl

from churn_assets.contracts.counted import counted_at
from churn_assets.model.levels import SCHEMA, churn_levels, level_dates
from churn_assets.workplace import Workplace

SAMPLE_USERS = 20_000  # of all who ever bought, by the hash of their ids: the same users at every date
# One order in a thousand may be older by mistake.
SHOP = f"""
select cast(quantile_disc(ordered_at, 0.001) as date), count(distinct user_id)
from marts.fct_orders where is_purchase and ordered_at < $snapshot and {counted_at()}
"""
HISTORIES = f"""
with dates as (select unnest($dates) as snapshot_date),

purchase_days as (
  select distinct user_id, cast(ordered_at as date) as purchase_day
  from marts.fct_orders
  where
    is_purchase and ordered_at < $snapshot and {counted_at()}
    and ('0x' || left(md5(user_id), 8))::bigint < $share * 4294967296
)

select
  snapshot_date, user_id,
  cast(snapshot_date - max(purchase_day) filter (purchase_day < snapshot_date) as double) as recency_days,
  cast(count(*) filter (purchase_day < snapshot_date) as double) as purchase_days_count,
  cast(snapshot_date - min(purchase_day) as double) as first_purchase_days,
  not bool_or(purchase_day >= snapshot_date + cast($gap as integer)) as is_churned
from dates
inner join purchase_days on purchase_day < snapshot_date + cast($gap + $horizon as integer)
group by snapshot_date, user_id
having min(purchase_day) < snapshot_date and recency_days <= $active_within
order by snapshot_date, user_id
"""
EVER_DAYS = 36_500


def churn_levels_at(workplace: Workplace, snapshot: date, newest: date | None) -> pl.DataFrame:
    """The table churn_levels of `snapshot`, whose newest slice is `newest`. Empty while nothing has settled."""
    churn = workplace.settings.churn
    oldest, users = workplace.warehouse.query(SHOP, {"snapshot": snapshot}).row(0)
    dates: list[date] = []
    if newest and oldest:
        dates = level_dates(
            snapshot,
            newest,
            oldest,
            window_days=churn.gap_days + churn.horizon_days,
            active_within_days=churn.active_within_days,
        )
    if not dates:
        return pl.DataFrame(schema=SCHEMA)
    parameters = {
        "snapshot": snapshot,
        "dates": dates,
        "share": SAMPLE_USERS / max(users, 1),
        "gap": churn.gap_days,
        "horizon": churn.horizon_days,
        "active_within": churn.active_within_days or EVER_DAYS,
    }
    return churn_levels(workplace.warehouse.query(HISTORIES, parameters), snapshot=snapshot)
