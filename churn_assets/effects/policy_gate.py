"""May a policy take over? Only where it earns more than the policy in use, and than every single arm at equal cost.

A policy that gives the best arm to some of the users may look clever and be no better than giving that arm to as many
users drawn by lot. So each arm is a rival at the policy's own cost per user: given to everybody to whom it is open, or,
where that costs more, to the share of them that costs the same. Of a share drawn by lot the value is known: that of
nobody, and of the share what the arm adds. The bounds hold however often one looks (`always_valid`), since one looks
every week.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from churn_assets.contracts.decision_ledger import NO_ARM
from churn_assets.contracts.policy_promotions import NOT_PROVEN, READY, TOO_FEW
from churn_assets.contracts.random_options import POLICIES
from churn_assets.effects.always_valid import always_valid_reach
from churn_assets.effects.off_policy import EVERYBODY, Robust, choices_of, mean_of, robust
from churn_assets.effects.policy_value import FEWEST_EFFECTIVE
from churn_assets.effects.pooled import Floats, numbered

METRIC = "margin_amount"


@dataclass(frozen=True)
class Beyond:
    """A difference per user and window, with the lower end of the interval that may be read every week."""

    value: float
    low: float


@dataclass(frozen=True)
class Evidence:
    """On one policy. `status`: of contracts.policy_promotions; `constant`: the arm that is hardest to beat at equal
    cost, given to `constant_share` of those to whom it is open. None where nothing can be said.
    """

    policy: str
    status: str
    reason: str
    users: int
    effective_users: float
    beyond_running: Beyond | None = None
    constant: str | None = None
    constant_share: float | None = None
    beyond_constant: Beyond | None = None


def policy_gate(drawn: pl.DataFrame, running: str, costs: Mapping[str, float]) -> dict[str, Evidence]:
    """By policy other than `running`. `drawn`: as of `policy_value`. `costs`: of a treatment per user, of those that
    the catalogue has; others are no rivals any more.
    """
    others = [name for name in POLICIES if name != running]
    if drawn.is_empty():
        why = "nobody was given an option by chance in a week that has closed: set decisions.random_share"
        return {name: Evidence(name, TOO_FEW, why, 0, 0.0) for name in others}
    drawn = drawn.sort("snapshot_date", "user_id")  # the last bits of a sum depend on its order
    choices = choices_of(drawn)
    values, users = robust(drawn, METRIC, choices), numbered(drawn["user_id"])
    spent = {
        name: np.array([costs.get(str(treatment), 0.0) for treatment in choice]) for name, choice in choices.items()
    }
    return {name: _evidence(name, running, values, spent, users, costs) for name in others}


def _evidence(
    policy: str, running: str, values: Robust, spent: Mapping[str, Floats], users: np.ndarray,
    costs: Mapping[str, float],
) -> Evidence:  # fmt: skip
    count = int(users.max()) + 1
    effective = min(values.effective_users(name) for name in (policy, running, NO_ARM))
    if effective < FEWEST_EFFECTIVE:
        why = f"{effective:,.0f} users' worth of draws speak for {policy}, {running} or none; {FEWEST_EFFECTIVE} needed"
        return Evidence(policy, TOO_FEW, why, count, effective)
    if values.has_one_outcome:
        return Evidence(policy, NOT_PROVEN, "all users have the same outcome: nothing can be told", count, effective)
    spread, scores = float(values.outcome.std()), values.scores

    def beyond(rival: Floats) -> Beyond:
        mean = mean_of(scores[policy] - rival, users)
        if mean.error == 0:  # the same choices for everybody
            return Beyond(mean.value, mean.value)
        return Beyond(mean.value, min(mean.value - always_valid_reach(mean.error, spread), mean.low))

    over_running = beyond(scores[running])
    rivals = {}
    for name in scores:
        arm = name.removeprefix(EVERYBODY)
        if name.startswith(EVERYBODY) and arm in costs and values.effective_users(name) >= FEWEST_EFFECTIVE:
            share = _equal_share(float(spent[policy].mean()), float(spent[name].mean()))
            rivals[arm] = (share, beyond(scores[NO_ARM] + share * (scores[name] - scores[NO_ARM])))
    rivals[NO_ARM] = (1.0, beyond(scores[NO_ARM]))
    constant = min(rivals, key=lambda arm: (rivals[arm][1].low, arm))
    share, over_constant = rivals[constant]
    figures = f"{over_running.value:+,.2f} per user, at least {over_running.low:+,.2f} however often one looks"
    status, reason = READY, f"it earns {figures}, more than {running}, and more than any one arm at equal cost"
    if over_running.low <= 0:
        status, reason = NOT_PROVEN, f"it is not proven to earn more than {running}: {figures}"
    elif over_constant.low <= 0:
        rival = "giving nothing" if constant == NO_ARM else f"{constant} for {share:.0%} of the users, at the same cost"
        status = NOT_PROVEN
        reason = (
            f"it is not proven to earn more than {rival}: {over_constant.value:+,.2f} per user, at least "
            f"{over_constant.low:+,.2f} however often one looks"
        )
    return Evidence(policy, status, reason, count, effective, over_running, constant, share, over_constant)


def _equal_share(cost: float, constant_cost: float) -> float:
    """Of the users to whom an arm is open, how many get it for the `cost` per user of the policy."""
    return 1.0 if constant_cost <= cost or constant_cost == 0 else cost / constant_cost
