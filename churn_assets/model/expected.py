"""Purchases to expect in the label window, a feature that no SQL can make: BG/NBD, fitted on each snapshot's own users.

Training set and scoring share this function, so a slice has in training the values it had when it was scored.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from churn_assets.contracts.feature import Feature
from churn_assets.model.bgnbd import BgNbd, fit_bgnbd
from churn_assets.model.matrix import Floats, feature_matrix

EXPECTED_PURCHASES = Feature(
    name="expected_purchases",
    family="rhythm",
    unit="orders",
    window_days=None,
    reason_group="rhythm",
    is_actionable=False,
    is_protected=False,
    label_en="orders to be expected",
    label_zh="预期订单数",
    reason_when="low",
    is_worded=False,
)
WEEK_DAYS = 7
HISTORY = ("purchase_days_count", "first_purchase_days", "recency_days")
# Four parameters need no more, and a fit on a million users would take a minute per slice.
FIT_USERS = 5_000
DECIMALS = 6


def with_expected_purchases(frame: pl.DataFrame, *, gap_days: int, horizon_days: int) -> pl.DataFrame:
    """`frame` with `expected_purchases`: days with a purchase to be expected in [snapshot + gap, + gap + horizon).

    Fitted per snapshot on its eligible users: all rows, or those with status eligible where the frame has statuses.
    Null for the others, and for everybody where nobody has bought on a second day. Order of rows is kept.
    """
    status = pl.col("status") == "eligible" if "status" in frame.columns else pl.lit(value=True)
    is_buyer = status & pl.all_horizontal(pl.col(name).is_not_null() for name in HISTORY)
    numbered = frame.with_row_index("row")
    buyers = numbered.filter(is_buyer).sort("snapshot_date", "user_id")
    parts = buyers.partition_by("snapshot_date", maintain_order=True)
    expected = [_expected(part, gap_days=gap_days, horizon_days=horizon_days) for part in parts]
    empty = pl.DataFrame(schema={"row": numbered.schema["row"], EXPECTED_PURCHASES.name: pl.Float64})
    return numbered.join(pl.concat([empty, *expected]), on="row", how="left", maintain_order="left").drop("row")


def _expected(users: pl.DataFrame, *, gap_days: int, horizon_days: int) -> pl.DataFrame:
    """Row number and expected purchases of one snapshot's users, sorted by user."""
    model = fitted_rhythm(users)
    if model is None:
        return users.select("row", pl.lit(None, pl.Float64).alias(EXPECTED_PURCHASES.name))
    purchases = [_within(model, histories(users), days) for days in (gap_days + horizon_days, gap_days)]
    return users.select("row", pl.Series(EXPECTED_PURCHASES.name, np.round(purchases[0] - purchases[1], DECIMALS)))


def histories(users: pl.DataFrame) -> tuple[Floats, Floats, Floats]:
    """Days with a purchase after the first, and weeks from the first to the last of them and to the snapshot."""
    purchase_days, first_days, recency_days = feature_matrix(users, HISTORY).T
    # The day of the last purchase, counted as days like the first: an order at noon yesterday was one day ago.
    return purchase_days - 1, (first_days - np.ceil(recency_days)) / WEEK_DAYS, first_days / WEEK_DAYS


def fitted_rhythm(users: pl.DataFrame) -> BgNbd | None:
    """BG/NBD of one snapshot's users, in the order of their ids; None where nobody has bought on a second day."""
    history = histories(users)
    step = -(-users.height // FIT_USERS)
    if not (history[0][::step] > 0).any():
        return None
    return fit_bgnbd(*(values[::step] for values in history))


def _within(model: BgNbd, history: tuple[Floats, Floats, Floats], days: int) -> Floats:
    return model.expected_purchases(*history, within=days / WEEK_DAYS)
