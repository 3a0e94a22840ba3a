"""Settings of decisions in which nothing is left to chance that a test does not ask for."""

from __future__ import annotations

from typing import Any

from churn_assets.settings import Decisions


def plain(**changes: Any) -> Decisions:
    """Rules, for users with an alarm alone, without a random side, whatever the defaults are."""
    return Decisions(**({"policy": "rules", "max_risk_tiers": ("urgent", "watch"), "random_share": 0.0} | changes))
