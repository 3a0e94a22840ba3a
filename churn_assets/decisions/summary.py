"""What a plan says about itself: how limits are used and what more of them would earn, and how policies compare."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from churn_assets.contracts.decision_ledger import HINDRANCES, LIMITS, NO_ARM
from churn_assets.contracts.limit_prices import LimitPrices
from churn_assets.contracts.policy_comparison import PolicyComparison
from churn_assets.decisions.decide import Decided, decide
from churn_assets.decisions.options import UNITS, Treatment
from churn_assets.decisions.policies import POLICIES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from churn_assets.settings.decisions import Decisions

MORE_BUDGET = "1,000 more of budget"


def limit_prices(decided: Decided, snapshot: date) -> pl.DataFrame:
    """One row per limit: `users_short` wanted something that did not fit; a price of 0 means that there is enough."""
    allocation = decided.allocation
    units = np.array([UNITS if limit.name == "budget" else 1 for limit in allocation.limits])
    frame = pl.DataFrame(
        {
            "limit": [limit.name for limit in allocation.limits],
            "most": np.array([limit.most for limit in allocation.limits]) / units,
            "used": allocation.used / units,
            "users_short": [int((allocation.shortages == number).sum()) for number in range(len(units))],
            # The optimiser counts in 1/UNITS of a limit's unit (allocation.allocate).
            "price_amount": np.maximum(allocation.choice.prices, 0) * UNITS * units,
        }
    ).select(
        snapshot_date=pl.lit(snapshot),
        policy_version=pl.lit(decided.ledger.item(0, "policy_version")),
        limit="limit",
        unit=pl.when(pl.col("limit") == "budget").then(pl.lit("currency")).otherwise(pl.lit("users")),
        most="most",
        used="used",
        users_short=pl.col("users_short").cast(pl.Int64),
        price_amount="price_amount",
    )
    return LimitPrices.validate(frame, lazy=True)


def what_limits(ledger: pl.DataFrame, budget_price_amount: float, *, has_consents: bool) -> tuple[str, str]:
    """What more of would let the plan earn more, as a line of two parts. `has_consents`: the shop has the raw table.

    Chance leaves users alone on purpose, and who is not at risk or not worth it is no user that a limit stops.
    """
    bound = dict(ledger["binding_constraint"].drop_nulls().value_counts().sort("binding_constraint").iter_rows())
    stopped = {word: users for word, users in bound.items() if word in (*HINDRANCES, *LIMITS)}
    word, users = max(stopped.items(), key=lambda each: each[1], default=("", 0))
    if budget_price_amount > 0:
        return MORE_BUDGET, f"would earn {1_000 * budget_price_amount:,.0f}"
    if (ledger["intended_arm"] != NO_ARM).any():
        limit = f"{word} limits ({users:,} users)" if word else "everybody for whom an arm pays is given one"
        return MORE_BUDGET, f"would earn 0: {limit}"
    if not word:
        return "nobody is acted upon", "no arm pays for anybody at risk"
    of_all = f"{users:,} of {sum(stopped.values()):,}"
    if word != "no_consent":
        return "nobody is acted upon", f"{of_all} for {word}"
    missing = "" if has_consents else " (no consents table; see decisions.unknown_consent)"
    return "nobody may be written to", f"{of_all} without consent{missing}"


def compare_policies(
    candidates: pl.DataFrame,
    settings: Decisions,
    snapshot: date,
    used: Decided,
    groups: Mapping[str, pl.Series] | None = None,
    codes: Mapping[Treatment, int] | None = None,
) -> pl.DataFrame:
    """One row per policy there is, by name; `used` is what the policy that is set decided."""
    rows = []
    for name in sorted(POLICIES):
        is_used = name == settings.policy
        other = settings.model_copy(update={"policy": name})
        decided = used if is_used else decide(candidates, other, snapshot, groups, codes)
        acted = decided.ledger.filter(pl.col("arm") != NO_ARM)
        gain, cost = (float(acted[f"expected_{name}_amount"].sum()) for name in ("gain", "cost"))
        rows.append(
            {
                "snapshot_date": snapshot,
                "policy": name,
                "policy_version": decided.ledger.item(0, "policy_version"),
                "is_used": is_used,
                "users_acted_on": len(acted),
                "expected_gain_amount": gain,
                "expected_cost_amount": cost,
                "expected_profit_amount": gain - cost,
                "bound_share": float(max(decided.allocation.choice.gap, 0.0)),
                "is_exact": decided.allocation.choice.is_exact,
            }
        )
    return PolicyComparison.validate(pl.DataFrame(rows), lazy=True)
