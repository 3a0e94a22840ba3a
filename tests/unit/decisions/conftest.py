"""Frames the decision tests start from."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from churn_assets.contracts.channels import CHANNELS

if TYPE_CHECKING:
    from collections.abc import Callable

SNAPSHOT = date(2025, 6, 2)
NULLABLE = {
    "reason_1": pl.String,
    "reason_2": pl.String,
    "reason_3": pl.String,
    **{f"hindrance_{channel}": pl.String for channel in CHANNELS},
    "cooling_arms": pl.List(pl.String),
    "wordless_arms": pl.List(pl.String),
}


@pytest.fixture(scope="session")
def snapshot() -> date:
    return SNAPSHOT


@pytest.fixture(scope="session")
def make_candidates() -> Callable[..., pl.DataFrame]:
    """One candidate per dict of what differs from a risky user worth 100 whom nothing hinders."""

    def make(*rows: dict[str, Any]) -> pl.DataFrame:
        filled = [
            {
                "user_id": f"u{number:03d}",
                "snapshot_date": SNAPSHOT,
                "churn_probability": 0.6,
                "risk_rank": number + 1,
                "risk_tier": "urgent",
                "value_at_risk_amount": 100.0,
                "reason_1": "price",
                "reason_2": None,
                "reason_3": None,
                **{f"hindrance_{channel}": None for channel in CHANNELS},
                "cooling_arms": [],
                "wordless_arms": [],
                "unit_id": row.get("user_id", f"u{number:03d}"),
            }
            | row
            for number, row in enumerate(rows)
        ]
        return pl.DataFrame(filled, schema_overrides=NULLABLE)

    return make
