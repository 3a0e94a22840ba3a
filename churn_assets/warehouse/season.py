"""Churn at this time of year in earlier years: counted in the warehouse, evaluated in model/season.py.

Counted by purchases, whatever the churn definition: labels of a year ago may not have been built.
"""

from __future__ import annotations

from datetime import date

from churn_assets.contracts.counted import counted_at
from churn_assets.model.season import season_dates, season_shift
from churn_assets.workplace import Workplace

# One order in a thousand may be older by mistake.
OLDEST = """
select cast(quantile_disc(ordered_at, 0.001) as date) from marts.fct_orders
where is_purchase and ordered_at < $snapshot and known_at < $snapshot
"""
COUNTS = f"""
with dates as (select unnest($dates) as snapshot_date),
buyers as (
  select snapshot_date, user_id, bool_or(ordered_at >= snapshot_date + to_days($gap)) as is_back
  from dates
  inner join marts.fct_orders on
    ordered_at < snapshot_date + to_days($gap + $horizon) and ordered_at >= snapshot_date - to_days($active_within)
  where is_purchase and {counted_at()}
  group by snapshot_date, user_id having bool_or(ordered_at < snapshot_date)
)
select snapshot_date, count(*) as users, count(*) filter (not is_back) as churners
from buyers group by snapshot_date order by snapshot_date
"""
EVER_DAYS = 36_500


def season_at(workplace: Workplace, snapshot: date, newest: date | None) -> float:
    """Log-odds by which churn is likelier at `snapshot` than at the slice `newest`; 0 without an earlier year."""
    churn = workplace.settings.churn
    if newest is None or not workplace.settings.training.season:
        return 0.0
    oldest = workplace.warehouse.query(OLDEST, {"snapshot": snapshot}).item()
    if oldest is None:
        return 0.0
    pairs = season_dates(snapshot, newest, oldest, window_days=churn.gap_days + churn.horizon_days)
    if not pairs:
        return 0.0
    parameters = {
        "snapshot": snapshot,
        "dates": sorted({day for pair in pairs for day in pair}),
        "gap": churn.gap_days,
        "horizon": churn.horizon_days,
        "active_within": churn.active_within_days or EVER_DAYS,
    }
    return season_shift(pairs, workplace.warehouse.query(COUNTS, parameters))
