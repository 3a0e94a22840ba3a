"""Rows of the decision ledger, made of what was judged, planned and drawn. Nothing is decided here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from churn_assets.contracts.decision_ledger import NO_ARM
from churn_assets.decisions.holdout import treated_share
from churn_assets.decisions.keys import stable_keys
from churn_assets.decisions.policies import REASONS, answered, policy_version

if TYPE_CHECKING:
    from datetime import date

    from churn_assets.decisions.allocation import Allocation
    from churn_assets.decisions.draws import Draws
    from churn_assets.decisions.options import Gains, Option
    from churn_assets.decisions.problem import Flags
    from churn_assets.settings.decisions import Decisions


def ledger_rows(
    users: pl.DataFrame, options: tuple[Option, ...], settings: Decisions, snapshot: date,
    allocation: Allocation, gains: Gains, draws: Draws, refusals: Any,
) -> pl.DataFrame:  # fmt: skip
    """One row per user, in the order given (contract DecisionLedger). `refusals`: why no option can be had, or None."""
    version = policy_version(settings)
    meant, chosen = allocation.options >= 0, np.maximum(allocation.options, 0)
    here = np.arange(len(users))
    kinds = [limit.name.split(":")[0] for limit in allocation.limits]
    shortages = np.array([*kinds, None], dtype=object)[allocation.shortages]
    chance = draws.reason(chosen) if options else np.full(len(users), None, dtype=object)
    binding = np.where(meant, chance, np.where(allocation.shortages >= 0, shortages, refusals))
    acted = meant & ~allocation.is_left_alone
    slots = answered(users, options)

    def pick(values: list[Any], where: Flags, other: Any, dtype: Any = pl.String) -> pl.Series:
        among = np.array([*values, other], dtype=object)
        return pl.Series(among[np.where(where, chosen, len(values))].tolist(), dtype=dtype)

    shares = np.array([treated_share(option.arm, settings) for option in options] or [1.0])[chosen]
    slot = slots[here, chosen] if options else here * 0
    reason = [REASONS[place if place < len(REASONS) else 0] for place in slot]
    reasons = users.select(REASONS).to_dict(as_series=False)
    expected = gains.expected[here, chosen] if options else here * 0.0
    costs = np.array([option.level.cost_amount for option in options] or [0.0])[chosen]
    return users.select(
        stable_keys(f"{version}|{snapshot.isoformat()}|" + users["user_id"]).alias("decision_id"),
        "user_id",
        "snapshot_date",
        policy_version=pl.lit(version),
        arm=pick([o.arm.arm for o in options], acted, NO_ARM),
        # Over the draw of this user's own sides; where nothing was meant, leaving alone is certain.
        propensity=pl.Series(np.where(acted, shares, np.where(meant, 1 - shares, 1.0))),
        is_holdout=pl.Series(draws.holdout),
        is_exploration=pl.Series(binding == "exploration", dtype=pl.Boolean),
        binding_constraint=pl.Series(binding.tolist(), dtype=pl.String),
        expected_gain_amount=pl.Series(np.where(acted, expected, 0.0)),
        expected_cost_amount=pl.Series(np.where(acted, costs, 0.0)),
        decided_at=pl.col("snapshot_date").cast(pl.Datetime("us")),
        intended_arm=pick([o.arm.arm for o in options], meant, NO_ARM),
        channel=pick([o.arm.channel for o in options], acted, None),
        reason=pl.Series([reasons[name][n] if meant[n] else None for n, name in enumerate(reason)], dtype=pl.String),
        value_at_risk_amount="value_at_risk_amount",
        churn_probability="churn_probability",
        level=pick([o.level.level for o in options], acted, None),
        intended_level=pick([o.level.level for o in options], meant, None),
    )
