"""The columns a model sees, made of the mart's features: in training, scoring and monitoring by this function alone."""

from __future__ import annotations

from datetime import date

import polars as pl

from churn_assets.contracts.counted import counted_at
from churn_assets.contracts.training_set import LABEL_COLUMNS
from churn_assets.model.expected import with_expected_purchases
from churn_assets.model.windows import with_whole_windows
from churn_assets.warehouse.features import describe
from churn_assets.workplace import Workplace

# One row in a thousand may be older by mistake.
STARTS = f"""
select
  (
    select cast(quantile_disc(ordered_at, 0.001) as date) from marts.fct_orders
    where is_purchase and ordered_at < $snapshot and {counted_at()}
  ) as orders,
  (
    select cast(quantile_disc(occurred_at, 0.001) as date) from marts.fct_events
    where occurred_at < $snapshot and known_at < $snapshot
  ) as events
"""
OTHER_COLUMNS = {*LABEL_COLUMNS, "status", "is_treated"}


def with_model_inputs(workplace: Workplace, snapshot: date, frame: pl.DataFrame) -> pl.DataFrame:
    """`frame` (user_id, snapshot_date, features of eligible users, or of all with their status) as models see it.

    Windows that reach back before the shop's data are unknown, and expected_purchases is added. `snapshot`: the moment
    of knowledge.
    """
    churn, windows = workplace.settings.churn, workplace.settings.features.windows_days
    columns = [name for name in frame.columns if name not in OTHER_COLUMNS]
    features = describe(columns, workplace.settings.features.extra)
    starts = workplace.warehouse.query(STARTS, {"snapshot": snapshot}).row(0, named=True)
    whole = with_whole_windows(frame, features, windows_days=windows, starts=starts)
    return with_expected_purchases(whole, gap_days=churn.gap_days, horizon_days=churn.horizon_days)
