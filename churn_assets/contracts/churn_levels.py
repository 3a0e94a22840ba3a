"""Contract of training.churn_levels: how much users churned at past dates, beyond what their histories say."""

from __future__ import annotations

import pandera.polars as pa
import polars as pl

FINITE = {"min_value": float("-inf"), "max_value": float("inf"), "include_min": False, "include_max": False}


class ChurnLevels(pa.DataFrameModel):
    """One row per past date whose window had passed by the snapshot and before which an activity window is in the data.

    `users`: a sample of those then active; churned_share: of them, who made no purchase in the window. `level`: shift
    of log-odds, against one predictor by recency, frequency and tenure for all dates, at which its mean probability is
    that share; `level_error` its standard error. `slope`: of the predictor's log-odds at that date, 1 is as on average.
    """

    snapshot_date: pl.Date
    level_date: pl.Date = pa.Field(unique=True)
    users: int = pa.Field(ge=1)
    churned_share: float = pa.Field(in_range={"min_value": 0, "max_value": 1})
    level: float = pa.Field(in_range=FINITE)
    level_error: float = pa.Field(gt=0)
    slope: float = pa.Field(gt=0)

    class Config:
        strict = True
        ordered = True
