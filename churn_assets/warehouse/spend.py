"""What users of past slices spent afterwards: read here, learned from in model/spend.py."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import polars as pl

from churn_assets.contracts.counted import counted_at
from churn_assets.workplace import Workplace

SPENT_AFTER = f"""
with refunds as (
  select order_id, sum(amount) as amount from marts.fct_returns
  where returned_at < $snapshot and {counted_at()}
  group by order_id
)

select slices.snapshot_date, orders.user_id,
       cast(sum(orders.amount - least(coalesce(refunds.amount, 0), orders.amount)) as double) as spent_after_amount
from (select unnest($slices) as snapshot_date) as slices
inner join marts.fct_orders as orders on
  orders.ordered_at >= slices.snapshot_date and orders.ordered_at < slices.snapshot_date + to_days($days)
left join refunds using (order_id)
where orders.is_purchase and orders.ordered_at < $snapshot and {counted_at(row="orders")}
group by all order by all
"""


def slices_with_spend(workplace: Workplace, snapshot: date, training: pl.DataFrame, days: int) -> pl.DataFrame:
    """Rows of `training` whose `days` have passed by `snapshot`, with spent_after_amount (0 for who bought nothing)."""
    rows = training.filter(pl.col("snapshot_date") + timedelta(days=days) <= snapshot)
    slices = rows["snapshot_date"].unique().sort().to_list()
    if not slices:
        return rows.with_columns(spent_after_amount=pl.lit(0.0))
    spent = spent_after(workplace, snapshot, slices, days)
    return rows.join(spent, on=["snapshot_date", "user_id"], how="left", maintain_order="left").with_columns(
        pl.col("spent_after_amount").fill_null(0.0)
    )


def spent_after(workplace: Workplace, snapshot: date, slices: Sequence[date], days: int) -> pl.DataFrame:
    """One row per slice and user who bought in the `days` after it: spend net of returns, as known at `snapshot`.

    Raises ValueError on a slice whose days have not passed by `snapshot`: its spend is not whole yet.
    """
    is_open = [day for day in slices if day + timedelta(days=days) > snapshot]
    if is_open:
        raise ValueError(f"spend in the {days} days after {is_open[0]} is not whole at {snapshot}")
    return workplace.warehouse.query(SPENT_AFTER, {"snapshot": snapshot, "slices": list(slices), "days": days})
