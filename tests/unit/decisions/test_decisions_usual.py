"""Business as usual: chances that are what they say, its share of every limit, and intentions apart from the draw."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from churn_assets.catalogue.arms import Arm
from churn_assets.contracts.decision_ledger import NO_ARM
from churn_assets.decisions.decide import decide
from churn_assets.decisions.policies import policy_version
from churn_assets.decisions.summary import random_options
from churn_assets.effects.assignments import ledger_assignments
from churn_assets.settings import Decisions
from tests.unit.decisions.plain import plain

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    MakeCandidates = Callable[..., pl.DataFrame]

COUPON = Arm(arm="coupon", channel="email", template="t", answers=("price",), cost_amount=2, assumed_lift=0.10)
CALL = Arm(arm="call", channel="call", template="t", answers=("service",), cost_amount=5, assumed_lift=0.40)
SEEDS, USERS = 12, 250
VERSION_BEFORE = "rules-4d747226"


def settings(**changes: Any) -> Decisions:
    """The policy gives everybody the best arm, a call; usual answers the reason: a coupon, a call, or nothing."""
    fixed = {"arms": (COUPON, CALL), "policy": "value", "budget_amount": 1e6, "margin_share": 1.0}
    return plain(**(fixed | {"holdout_share": 0.2, "usual_share": 0.3} | changes))


KINDS: tuple[dict[str, Any], ...] = (
    {"reason_1": "price"},  # policy: call, usual: coupon
    {"reason_1": "service"},  # both: call
    {"reason_1": "rhythm"},  # policy: call, usual: nothing
    {"reason_1": "price", "hindrance_call": "no_consent"},  # both: coupon
)


@pytest.mark.parametrize("draw", ["lasting", "each_snapshot"])
def test_propensities_are_the_frequencies_over_many_draws(
    make_candidates: MakeCandidates, snapshot: date, draw: str
) -> None:
    """Per kind of user: what the ledger states for an arm is how often it is given over users and salts; the chances
    of a kind add up to 1.
    """
    candidates = make_candidates(*(kind for kind in KINDS for _ in range(USERS)))
    arms = (COUPON.model_copy(update={"control_share": 0.1}), CALL)
    given: list[Counter[str]] = [Counter() for _ in KINDS]
    stated: list[dict[str, float]] = [{} for _ in KINDS]
    for seed in range(SEEDS):
        chosen = settings(salt=f"s{seed}", usual_draw=draw, holdout_draw=draw, exploration_share=0.15, arms=arms)
        ledger = decide(candidates, chosen, snapshot).ledger
        for number, (arm, chance) in enumerate(ledger.select("arm", "propensity").iter_rows()):
            kind = number // USERS
            given[kind][arm] += 1
            assert stated[kind].setdefault(arm, chance) == chance
    draws = SEEDS * USERS
    for kind, chances in enumerate(stated):
        assert sum(chances.values()) == pytest.approx(1), (KINDS[kind], chances)
        for arm, chance in chances.items():
            error = np.sqrt(chance * (1 - chance) / draws)
            assert given[kind][arm] / draws == pytest.approx(chance, abs=4.5 * error), (KINDS[kind], arm)
    by_hand = stated[0]  # held out 0.2, as usual 0.3 of the rest, explored 0.15 only by the policy
    assert by_hand["call"] == pytest.approx(0.8 * 0.7 * 0.85)
    assert by_hand["coupon"] == pytest.approx(0.8 * 0.3 * 0.9)
    assert stated[1]["call"] == pytest.approx(0.8 * (0.7 * 0.85 + 0.3))


SHARES = st.sampled_from([0.0, 0.2, 0.5])


@hypothesis_settings(max_examples=40, deadline=None)
@given(
    reasons=st.lists(st.sampled_from(["price", "service", "rhythm"]), min_size=1, max_size=40),
    shares=st.tuples(SHARES, SHARES, SHARES, SHARES),
    budget=st.integers(0, 12_000).map(lambda cents: cents / 100),
    usual=st.sampled_from(["rules", "none"]),
    salt=st.text(min_size=1, max_size=4),
)
def test_limits_are_kept_and_intentions_do_not_depend_on_the_own_draw(
    make_candidates: MakeCandidates, snapshot: date, reasons: list[str], shares: tuple[float, ...], budget: float,
    usual: str, salt: str,
) -> None:  # fmt: skip
    holdout, as_usual, explored, random = shares
    chosen = settings(
        holdout_share=holdout, usual_share=as_usual, exploration_share=explored, random_share=random,
        budget_amount=budget, usual_policy=usual, salt=salt, channel_capacities={"call": 7},
    )  # fmt: skip
    candidates = make_candidates(*({"reason_1": reason} for reason in reasons))
    decided = decide(candidates, chosen, snapshot)
    ledger = decided.ledger
    costs = {"coupon": Decimal(2), "call": Decimal(5), NO_ARM: Decimal(0)}
    spent = sum((costs[arm] for arm in ledger["arm"]), Decimal(0))
    assert spent <= Decimal(str(budget))
    assert decided.allocation.used[0] == spent * 10_000
    assert (ledger["arm"] == "call").sum() <= 7
    sides = decided.sides.join(ledger, on="user_id", validate="1:1")
    assert not sides["is_exploration"].any() or explored
    given = pl.when(pl.col("side") == "usual").then("usual").otherwise("policy")
    acted = sides.filter(pl.col("arm") != NO_ARM)
    assert acted.select((given == pl.col("arm")).all()).item()
    assert set(sides.filter("is_holdout")["side"]) <= {"holdout"}
    if usual == "none":
        assert set(sides["usual"]) <= {NO_ARM}
    # Another draw of sides, the same limits for each: whoever is on which side, the sides are planned alike.
    known = set(decided.random_side["user_id"]) | set(sides["user_id"])
    assert all(row["propensity"] == 1 for row in ledger.filter(~pl.col("user_id").is_in(known)).iter_rows(named=True))


def test_usual_has_its_share_of_every_limit(make_candidates: MakeCandidates, snapshot: date) -> None:
    candidates = make_candidates(*({"reason_1": "price", "hindrance_call": "no_consent"} for _ in range(400)))
    decided = decide(candidates, settings(holdout_share=0.0, usual_share=0.25, budget_amount=400), snapshot)
    rows = decided.ledger.join(decided.sides.select("user_id", "side"), on="user_id", how="inner")
    spent = dict(rows.group_by("side").agg(pl.col("expected_cost_amount").sum()).iter_rows())
    assert 90 <= spent["usual"] <= 100
    assert 280 <= spent["policy"] <= 300


def test_who_gets_nothing_on_the_own_side_and_would_on_the_other_is_left_alone_by_chance(
    make_candidates: MakeCandidates, snapshot: date
) -> None:
    candidates = make_candidates(*({"reason_1": "rhythm"} for _ in range(200)))
    ledger = decide(candidates, settings(holdout_share=0.0, usual_share=0.3), snapshot).ledger
    alone = ledger.filter(pl.col("arm") == NO_ARM)
    assert alone.height == pytest.approx(60, abs=27)
    assert set(alone["binding_constraint"]) == {"usual"}
    assert set(alone["intended_arm"]) == {"call"}
    assert alone["propensity"].to_list() == pytest.approx([0.3] * alone.height)


def test_both_arms_of_a_user_are_one_campaign(make_candidates: MakeCandidates, snapshot: date) -> None:
    """Whoever would be called by the policy and mailed as usual is compared with such users only."""
    candidates = make_candidates(*({"reason_1": reason} for reason in ["price", "service", "rhythm"] * 100))
    decided = decide(candidates, settings(), snapshot)
    version = decided.ledger.item(0, "policy_version")
    assigned = ledger_assignments(decided.ledger, decided.sides)
    both = assigned.filter(pl.col("campaign") == f"{version}@{snapshot}/call+coupon")
    assert both.height == 100
    assert set(both["arm"]) == {"call", "coupon", NO_ARM}
    assert sum(both.unique("arm")["propensity"]) == pytest.approx(1)
    calls = assigned.filter(pl.col("campaign") == f"{version}@{snapshot}/call")
    assert set(calls["arm"]) == {"call", NO_ARM}
    assert calls["propensity"].round(9).n_unique() == 4  # of service and of rhythm, both sides each


def test_policies_are_recorded_as_they_intend_whatever_the_side(
    make_candidates: MakeCandidates, snapshot: date
) -> None:
    candidates = make_candidates(*({"reason_1": "rhythm"} for _ in range(100)))
    chosen = settings(random_share=0.5, random_limit_share=0.5)
    decided = decide(candidates, chosen, snapshot)
    options = random_options(chosen, snapshot, decided, lambda other: decide(candidates, other, snapshot))
    assert set(options["value"]) == {"call"}
    assert set(options["rules"]) == {NO_ARM}
    assert not set(options["user_id"]) & set(decided.sides["user_id"])


def test_settings_that_came_later_give_a_new_version_only_where_they_are_set() -> None:
    """The version that the default plan had before there was business as usual."""
    assert policy_version(plain()) == VERSION_BEFORE
    assert policy_version(plain(usual_share=0.1)) != VERSION_BEFORE
    assert policy_version(plain(holdout_draw="each_snapshot")) != VERSION_BEFORE
