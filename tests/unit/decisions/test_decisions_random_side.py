"""The random side: known chances of every option, within its share of every limit, and nothing else changed."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from churn_assets.catalogue.arms import Arm
from churn_assets.contracts.random_options import POLICIES as COLUMNS
from churn_assets.decisions.decide import DecisionResult, decide
from churn_assets.decisions.policies import POLICIES
from churn_assets.decisions.summary import random_options
from churn_assets.effects.assignments import ledger_assignments, random_assignments
from churn_assets.settings import Decisions

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    MakeCandidates = Callable[..., pl.DataFrame]

COUPON = Arm(arm="coupon", channel="email", template="t", answers=("price",), cost_amount=2, assumed_lift=0.10)
REMINDER = Arm(arm="reminder", channel="email", template="t", answers=("price",), cost_amount=0.1, assumed_lift=0.0)
CALL = Arm(arm="call", channel="call", template="t", answers=("price",), cost_amount=5, assumed_lift=0.0)


def settings(**changes: Any) -> Decisions:
    fixed = {"arms": (COUPON, REMINDER, CALL), "policy": "value", "budget_amount": 1e6, "margin_share": 1.0}
    return Decisions(**(fixed | {"holdout_share": 0.0, "random_share": 1.0, "random_limit_share": 1.0} | changes))


def drawn(candidates: pl.DataFrame, snapshot: date, **changes: Any) -> DecisionResult:
    return decide(candidates, settings(**changes), snapshot)


def test_every_open_option_and_none_have_the_same_chance(make_candidates: MakeCandidates, snapshot: date) -> None:
    candidates = make_candidates(*({"hindrance_call": "no_consent"} for _ in range(3_000)))
    ledger = drawn(candidates, snapshot).ledger
    counts = Counter(ledger["arm"])
    assert set(counts) == {"coupon", "reminder", "none"}  # nobody without consent is called
    assert all(count == pytest.approx(1_000, abs=110) for count in counts.values()), counts  # four deviations
    assert ledger["propensity"].unique().to_list() == [1 / 3]
    assert ledger["is_exploration"].all()
    assert set(ledger.filter(pl.col("arm") == "none")["binding_constraint"]) == {"random_option"}


def test_the_draw_is_new_every_week_and_the_same_when_repeated(make_candidates: MakeCandidates, snapshot: date) -> None:
    candidates = make_candidates(*({} for _ in range(200)))
    first, again = (drawn(candidates, snapshot).random_side for _ in range(2))
    other = drawn(candidates, snapshot, salt="another").random_side
    assert first.equals(again)
    assert not first.equals(other)


def test_its_share_of_every_limit_is_kept(make_candidates: MakeCandidates, snapshot: date) -> None:
    candidates = make_candidates(*({} for _ in range(300)))
    decided = drawn(
        candidates, snapshot, budget_amount=100, random_limit_share=0.2, channel_capacities={"email": 20, "call": 10}
    )
    side = decided.random_side
    cost = side["treatment"].replace_strict({"coupon": 2.0, "reminder": 0.1, "call": 5.0, "none": 0.0}).sum()
    counts = Counter(side["treatment"])
    assert 0 < cost <= 20
    assert counts["call"] <= 2
    assert counts["coupon"] + counts["reminder"] <= 4
    spent = decided.ledger.filter(pl.col("arm") != "none")["expected_cost_amount"].sum()
    assert cost < spent <= 100  # the policy has what is left
    assert decided.allocation.used[0] / 10_000 == pytest.approx(spent)


def test_who_does_not_fit_stays_with_the_policy(make_candidates: MakeCandidates, snapshot: date) -> None:
    candidates = make_candidates(*({} for _ in range(50)))
    decided = drawn(candidates, snapshot, random_limit_share=0.0)
    assert decided.random_side.is_empty()
    assert set(decided.ledger["arm"]) == {"coupon"}
    assert not decided.ledger["is_exploration"].any()


def test_nobody_of_the_holdout_and_no_arm_to_its_control(make_candidates: MakeCandidates, snapshot: date) -> None:
    candidates = make_candidates(*({} for _ in range(400)))
    controlled = COUPON.model_copy(update={"control_share": 0.5})
    decided = drawn(candidates, snapshot, holdout_share=0.3, arms=(controlled,))
    ledger = decided.ledger
    assert ledger.filter("is_holdout")["arm"].unique().to_list() == ["none"]
    assert not ledger.filter("is_holdout")["is_exploration"].any()
    assert ledger.filter("is_exploration").height == pytest.approx(400 * 0.7 * 0.5, abs=40)
    held_back = ledger.filter("is_holdout", pl.col("binding_constraint").eq_missing(pl.lit("random_option")))
    assert held_back.height == pytest.approx(400 * 0.3 * 0.5, abs=30)
    assert (held_back["propensity"] == 1).all()
    assert set(decided.held_back["user_id"]) < set(held_back["user_id"]), "some of them would have drawn none"
    assert not set(decided.held_back["user_id"]) & {*decided.random_side["user_id"], *decided.sides["user_id"]}


def test_what_each_policy_intends_is_kept_beside_the_draw(make_candidates: MakeCandidates, snapshot: date) -> None:
    candidates = make_candidates(*({"reason_1": "price" if n % 2 else "service"} for n in range(60)))
    chosen = settings(random_share=0.5)
    decided = decide(candidates, chosen, snapshot)
    options = random_options(chosen, snapshot, decided, lambda other: decide(candidates, other, snapshot))
    assert 15 <= options.height <= 45
    assert options["value"].unique().to_list() == ["coupon"]  # for any reason
    assert set(options["rules"]) == {"coupon", "none"}  # the coupon answers price only
    assert options["learned"].to_list() == options["value"].to_list()  # nothing is measured
    nobody = drawn(candidates, snapshot, random_share=0.0)
    assert random_options(
        settings(random_share=0.0), snapshot, nobody, lambda other: decide(candidates, other, snapshot)
    ).is_empty()


def test_every_policy_has_a_column() -> None:
    assert sorted(POLICIES) == sorted(COLUMNS)


def test_draws_become_campaigns_of_equal_sides(make_candidates: MakeCandidates, snapshot: date) -> None:
    candidates = make_candidates(*({} for _ in range(120)))
    chosen = settings(random_share=0.7)
    decided = decide(candidates, chosen, snapshot)
    options = random_options(chosen, snapshot, decided, lambda other: decide(candidates, other, snapshot))
    assigned = random_assignments(options)
    version = decided.ledger.item(0, "policy_version")
    assert sorted(set(assigned["campaign"])) == [
        f"{version}@{snapshot}/random/{arm}" for arm in ("call", "coupon", "reminder")
    ]
    none = options.filter(pl.col("treatment") == "none").height
    for (_, arm), users in assigned.group_by("campaign", pl.col("campaign").str.split("/").list.last().alias("arm")):
        assert Counter(users["arm"]) == {"none": none, arm: (options["treatment"] == arm).sum()}
        assert users["propensity"].unique().to_list() == [0.5]
    # Nobody is in both: a campaign of the policy compares only those for whom the policy intended the arm.
    planned = ledger_assignments(decided.ledger)
    assert not set(planned["user_id"]) & set(options["user_id"])
