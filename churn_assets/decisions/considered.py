"""What was considered for one user: every option with what it would earn, and what stands in its way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import polars as pl

from churn_assets.decisions.candidates import checked_candidates
from churn_assets.decisions.options import Treatment, hindrances, options_of
from churn_assets.decisions.policies import NEVER, POLICIES, is_treatable
from churn_assets.settings.decisions import Decisions

# Beside the hindrances of contracts/decision_ledger.py.
OTHER_TIER, OTHER_REASON, BELOW_MINIMUM, NO_GAIN = "other_tier", "other_reason", "below_minimum", "no_gain"


@dataclass(frozen=True)
class Considered:
    """`gain` before, `profit` after the cost and as the policy counts it; `obstacle`: None where nothing stands in the
    way but the limits of the plan.
    """

    treatment: str
    channel: str
    gain: float
    cost: float
    profit: float
    obstacle: str | None


def considered_for(
    candidate: pl.DataFrame,
    settings: Decisions,
    snapshot: date,
    codes: Mapping[Treatment, int] | None = None,
    measured: pl.DataFrame | None = None,
) -> list[Considered]:
    """For one candidate (`decisions.candidates.Candidates`), the best first. The rest as in `decide`, by the settings
    given, which need not be those of the decision.
    """
    users, options = checked_candidates(candidate, snapshot), options_of(settings)
    policy = POLICIES[settings.policy]
    gains, preferences = policy.gains(users, options, settings, measured), policy.preferences(users, options)
    treatable, stops = is_treatable(users, options, settings), hindrances(users, options, codes or {})
    value = users["value_at_risk_amount"].item()
    considered = []
    for column, option in enumerate(options):
        obstacle = stops[0, column]
        if not treatable[0, column]:
            obstacle = OTHER_TIER
        elif value < option.arm.min_value_amount:
            obstacle = BELOW_MINIMUM
        elif preferences[0, column] >= NEVER:
            obstacle = OTHER_REASON
        elif gains.cautious[0, column] <= 0:
            obstacle = NO_GAIN
        considered.append(
            Considered(
                option.treatment, option.arm.channel, float(gains.expected[0, column]), option.level.cost_amount,
                float(gains.cautious[0, column]), obstacle,
            )
        )  # fmt: skip
    return sorted(considered, key=lambda each: (each.obstacle is not None, -each.profit))
