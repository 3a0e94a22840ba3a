"""What is said to have been considered for a user is what the decision considered."""

from __future__ import annotations

from datetime import date
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest

from churn_assets.catalogue.arms import Arm
from churn_assets.contracts.decision_ledger import NO_ARM
from churn_assets.decisions.considered import considered_for
from churn_assets.decisions.decide import decide
from churn_assets.settings import Decisions
from tests.unit.decisions.plain import plain

if TYPE_CHECKING:
    from collections.abc import Callable

    import polars as pl

    MakeCandidates = Callable[..., pl.DataFrame]

ARMS = (
    Arm(arm="call", channel="call", template="t", answers=("service",), cost_amount=4, assumed_lift=0.3,
        min_value_amount=80.0),
    Arm(arm="coupon", channel="email", template="t", answers=("price",), cost_amount=2, assumed_lift=0.10,
        risk_tiers=("urgent",)),
    Arm(arm="reminder", channel="email", template="t", cost_amount=0.5, assumed_lift=0.02),
)  # fmt: skip
USERS: list[dict[str, Any]] = [
    {"risk_tier": tier, "reason_1": reason, "value_at_risk_amount": value, "hindrance_email": email,
     "hindrance_call": call, "cooling_arms": cooling}
    for tier, reason, value, email, call, cooling in product(
        ("urgent", "small"), ("price", "service", None), (10.0, 100.0), (None, "no_consent"), (None, "suppressed"),
        ([], ["reminder"]),
    )
]  # fmt: skip


def settings(policy: str) -> Decisions:
    return plain(arms=ARMS, holdout_share=0.0, budget_amount=1e6, margin_share=1.0, policy=policy)


@pytest.mark.parametrize("policy", ["rules", "value"])
def test_an_option_without_obstacle_is_what_the_user_gets_and_without_one_nobody_gets_anything(
    make_candidates: MakeCandidates, snapshot: date, policy: str
) -> None:
    candidates = make_candidates(*USERS)
    ledger = decide(candidates, settings(policy), snapshot).ledger.sort("user_id")
    given = dict(ledger.select("user_id", "arm").iter_rows())
    assert 10 < sum(arm != NO_ARM for arm in given.values()) < len(USERS) - 10
    for candidate in candidates.partition_by("user_id", maintain_order=True):
        user = candidate["user_id"].item()
        considered = considered_for(candidate, settings(policy), snapshot)
        free = {each.treatment for each in considered if each.obstacle is None}
        assert len(considered) == len(ARMS)
        assert (given[user] != NO_ARM) is bool(free), (user, considered)
        assert given[user] in free or not free
        if policy == "value" and free:
            assert given[user] == considered[0].treatment, "the best first"


@pytest.mark.parametrize(("changes", "obstacle"), [
    ({"hindrance_email": "no_consent"}, "no_consent"), ({"risk_tier": "small"}, "other_tier"),
    ({"reason_1": "returns"}, "other_reason"), ({"cooling_arms": ["coupon"]}, "cool_down"),
    ({"value_at_risk_amount": 3.0}, "no_gain"), ({}, None),
])  # fmt: skip
def test_the_obstacle_is_named(
    make_candidates: MakeCandidates, snapshot: date, changes: dict[str, Any], obstacle: str | None
) -> None:
    considered = considered_for(make_candidates(changes), settings("rules"), snapshot)
    coupon = next(each for each in considered if each.treatment == "coupon")
    assert coupon.obstacle == obstacle
    assert coupon.channel == "email"
    assert coupon.cost == 2.0


def test_too_little_at_stake_for_an_arm(make_candidates: MakeCandidates, snapshot: date) -> None:
    considered = considered_for(
        make_candidates({"reason_1": "service", "value_at_risk_amount": 79.0}), settings("rules"), snapshot
    )
    assert {each.treatment: each.obstacle for each in considered}["call"] == "below_minimum"
