"""Contract of training.spend_calibration: what users kept were expected to spend and did, by tenure and by recency."""

from __future__ import annotations

import pandera.polars as pa
import polars as pl

DIMENSIONS = ("all", "tenure", "recency")
AMOUNT = {"min_value": 0, "max_value": float("inf"), "include_max": False}


class SpendCalibration(pa.DataFrameModel):
    """One row per band of users kept after the newest slice whose scoring.value_days have passed, expected by what
    older slices taught. Means per user, in the currency of orders.amount; ratio: expected by spent, null for none;
    interval_share: users whose spend lies in their 80 % interval. Empty without older slices.
    """

    snapshot_date: pl.Date
    slice_date: pl.Date
    dimension: str = pa.Field(isin=DIMENSIONS)
    band: str
    users: int = pa.Field(ge=1)
    expected_amount: float = pa.Field(in_range=AMOUNT)
    spent_amount: float = pa.Field(in_range=AMOUNT)
    ratio: float = pa.Field(in_range=AMOUNT, nullable=True)
    interval_share: float = pa.Field(in_range={"min_value": 0, "max_value": 1})

    class Config:
        strict = True
        ordered = True
