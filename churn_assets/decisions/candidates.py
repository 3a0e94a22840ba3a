"""What a decision needs to know of a user: the contract of the rules' input (scored users with consents)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandera.polars as pa
import polars as pl

from churn_assets.contracts.feature import REASON_GROUPS

if TYPE_CHECKING:
    from datetime import date


class Candidates(pa.DataFrameModel):
    """One row per eligible user of one snapshot. Null consent: never asked. Strict: no contact data rides along."""

    user_id: str = pa.Field(unique=True, str_length={"min_value": 1})
    snapshot_date: pl.Date
    churn_probability: float = pa.Field(in_range={"min_value": 0, "max_value": 1})
    risk_rank: int = pa.Field(ge=1)
    risk_tier: str = pa.Field(isin=("high", "medium", "low"))
    value_at_risk_amount: float = pa.Field(ge=0, lt=float("inf"))
    reason_1: str = pa.Field(isin=REASON_GROUPS, nullable=True)
    reason_2: str = pa.Field(isin=REASON_GROUPS, nullable=True)
    reason_3: str = pa.Field(isin=REASON_GROUPS, nullable=True)
    consent_email: bool = pa.Field(nullable=True)
    consent_sms: bool = pa.Field(nullable=True)
    consent_push: bool = pa.Field(nullable=True)
    consent_call: bool = pa.Field(nullable=True)

    class Config:
        strict = True


def checked_candidates(candidates: pl.DataFrame, snapshot: date) -> pl.DataFrame:
    """Sort the candidates by user.

    Raises ValueError when there are none or a row is of another snapshot, pandera SchemaErrors when a rule is broken.
    """
    if candidates.is_empty():
        raise ValueError(
            f"candidates: no eligible user at snapshot_date {snapshot}; check scored_users and churn.active_within_days"
        )
    Candidates.validate(candidates, lazy=True)
    strangers = candidates.get_column("snapshot_date").unique().sort().to_list()
    if strangers != [snapshot]:
        found = ", ".join(str(day) for day in strangers)
        raise ValueError(f"candidates: snapshot_date is {found} where only {snapshot} belongs; filter before deciding")
    return candidates.sort("user_id")
