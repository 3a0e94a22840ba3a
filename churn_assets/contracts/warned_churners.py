"""Contract of training.warned_churners: how many churners, and how much of what they took along, each tier held."""

from __future__ import annotations

import pandera.polars as pa
import polars as pl

from churn_assets.contracts.scored_users import RISK_TIERS

SHARE = {"min_value": 0, "max_value": 1}


class WarnedChurners(pa.DataFrameModel):
    """One row per tier with a user, on the newest slice that was large enough to test on, predicted from older slices.

    lost_amount: expected spend of the churners of the tier. Shares are of all tiers. A churner in tier urgent or watch
    was warned of.
    """

    snapshot_date: pl.Date
    slice_date: pl.Date
    risk_tier: str = pa.Field(isin=RISK_TIERS, unique=True)
    users: int = pa.Field(ge=1)
    churners: int = pa.Field(ge=0)
    lost_amount: float = pa.Field(ge=0, lt=float("inf"))
    users_share: float = pa.Field(in_range=SHARE)
    churners_share: float = pa.Field(in_range=SHARE)
    lost_share: float = pa.Field(in_range=SHARE)

    class Config:
        strict = True
        ordered = True
