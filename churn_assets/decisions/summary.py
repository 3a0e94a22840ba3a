"""Summaries of a plan: use and prices of its limits, and a comparison of policies."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from churn_assets.contracts.decision_ledger import HINDRANCES, LIMITS, NO_ARM, treatment
from churn_assets.contracts.limit_prices import LimitPrices
from churn_assets.contracts.policy_comparison import PolicyComparison
from churn_assets.contracts.random_options import RandomOptions
from churn_assets.decisions.decide import DecisionResult
from churn_assets.decisions.options import UNITS
from churn_assets.decisions.policies import POLICIES

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from churn_assets.settings.decisions import Decisions

    DecideBy = Callable[[Decisions], DecisionResult]

# What a policy intends where everybody is its own.
NO_SIDES = {"random_share": 0.0, "sampled_share": 0.0, "usual_share": 0.0}
MORE_BUDGET = "1,000 more of budget"


def limit_prices(result: DecisionResult, snapshot: date) -> pl.DataFrame:
    """One row per limit. `users_short`: users whose option did not fit; price 0: the limit is not binding."""
    allocation = result.allocation
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
        policy_version=pl.lit(result.ledger.item(0, "policy_version")),
        limit="limit",
        unit=pl.when(pl.col("limit") == "budget").then(pl.lit("currency")).otherwise(pl.lit("users")),
        most="most",
        used="used",
        users_short=pl.col("users_short").cast(pl.Int64),
        price_amount="price_amount",
    )
    return LimitPrices.validate(frame, lazy=True)


def what_limits(ledger: pl.DataFrame, budget_price_amount: float, *, has_consents: bool) -> tuple[str, str]:
    """Marginal profit of the budget, or the constraint that stops most users, as a line of two parts.

    `has_consents`: whether the shop has the raw table. Random sides, low risk and lack of gain stop nobody.
    """
    counts = dict(ledger["binding_constraint"].drop_nulls().value_counts().sort("binding_constraint").iter_rows())
    limiting = {constraint: users for constraint, users in counts.items() if constraint in (*HINDRANCES, *LIMITS)}
    constraint, users = max(limiting.items(), key=lambda item: item[1], default=("", 0))
    if budget_price_amount > 0:
        return MORE_BUDGET, f"would earn {1_000 * budget_price_amount:,.0f}"
    if (ledger["intended_arm"] != NO_ARM).any():
        limit = (
            f"{constraint} limits ({users:,} users)" if constraint else "everybody for whom an arm pays is given one"
        )
        return MORE_BUDGET, f"would earn 0: {limit}"
    if not constraint:
        return "nobody is acted upon", "no arm pays for anybody at risk"
    of_all = f"{users:,} of {sum(limiting.values()):,}"
    if constraint != "no_consent":
        return "nobody is acted upon", f"{of_all} for {constraint}"
    missing = "" if has_consents else " (no consents table; see decisions.unknown_consent)"
    return "nobody may be written to", f"{of_all} without consent{missing}"


def compare_policies(settings: Decisions, snapshot: date, used: DecisionResult, decide_by: DecideBy) -> pl.DataFrame:
    """One row per policy, by name. `used`: by the policy that is set; `decide_by`: by other settings, for the same."""
    rows = []
    for name in sorted(POLICIES):
        is_used = name == settings.policy
        other = settings.model_copy(update={"policy": name})
        result = used if is_used else decide_by(other)
        acted = result.ledger.filter(pl.col("arm") != NO_ARM)
        gain, cost = (float(acted[f"expected_{name}_amount"].sum()) for name in ("gain", "cost"))
        rows.append(
            {
                "snapshot_date": snapshot,
                "policy": name,
                "policy_version": result.ledger.item(0, "policy_version"),
                "is_used": is_used,
                "users_acted_on": len(acted),
                "expected_gain_amount": gain,
                "expected_cost_amount": cost,
                "expected_profit_amount": gain - cost,
                "bound_share": float(max(result.allocation.choice.gap, 0.0)),
                "is_exact": result.allocation.choice.is_exact,
            }
        )
    return PolicyComparison.validate(pl.DataFrame(rows), lazy=True)


def random_options(settings: Decisions, snapshot: date, used: DecisionResult, decide_by: DecideBy) -> pl.DataFrame:
    """One row per user of the random side of `used` (contract RandomOptions), sorted: what was drawn, and what each
    policy intends for the user where nobody is on that side.
    """
    rows = used.random_side.with_columns(
        snapshot_date=pl.lit(snapshot), policy_version=pl.lit(used.ledger.item(0, "policy_version"))
    )
    if rows.is_empty():
        return RandomOptions.empty()
    for name in sorted(POLICIES):
        other = settings.model_copy(update={"policy": name} | NO_SIDES)
        intended = decide_by(other).ledger.select("user_id", treatment("intended_arm", "intended_level").alias(name))
        rows = rows.join(intended, on="user_id", how="left", maintain_order="left", validate="1:1")
    return RandomOptions.validate(rows.select(list(RandomOptions.to_schema().columns)).sort("user_id"), lazy=True)


def stopped_lines(stopped: pl.DataFrame) -> list[str]:
    """A sentence per treatment that loses money (contract StoppedArms)."""
    return [
        f"{row['treatment']} loses money: {row['margin_effect_amount']:+,.2f} [{row['margin_low_amount']:+,.2f}, "
        f"{row['margin_high_amount']:+,.2f}] per user as measured; "
        + (
            f"stopped but for {row['users_open']:,} users for whom it pays"
            if row["is_stopped"]
            else "given all the same, as this policy does not look at what was measured (decisions.policy)"
        )
        for row in stopped.iter_rows(named=True)
    ]
