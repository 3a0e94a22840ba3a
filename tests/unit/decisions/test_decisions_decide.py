from __future__ import annotations

from collections import Counter
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from pandera.errors import SchemaErrors

from churn_assets.catalogue.arms import Arm
from churn_assets.decisions.decide import decide as decide_all
from churn_assets.decisions.policies import policy_version
from churn_assets.settings import Decisions
from tests.unit.decisions.plain import plain

if TYPE_CHECKING:
    from collections.abc import Callable

    MakeCandidates = Callable[..., pl.DataFrame]

CALL = Arm(arm="care_call", channel="call", template="t", answers=("service",), cost_amount=4, assumed_lift=0.2)
COUPON = Arm(arm="coupon", channel="email", template="t", answers=("price", "offers"), cost_amount=2, assumed_lift=0.1)
PUSH = Arm(arm="push", channel="push", template="t", cost_amount=0, assumed_lift=0.01)


def settings(**changes: Any) -> Decisions:
    return plain(
        **({"arms": (CALL, COUPON), "holdout_share": 0.0, "budget_amount": 1000.0, "margin_share": 1.0} | changes)
    )


def decide(candidates: pl.DataFrame, policy: Decisions, snapshot: date) -> pl.DataFrame:
    return decide_all(candidates, policy, snapshot).ledger


def outcome(ledger: pl.DataFrame) -> list[tuple[str, str | None]]:
    return ledger.select("arm", "binding_constraint").rows()


@pytest.mark.parametrize(
    ("user", "arm", "binding"),
    [
        ({}, "coupon", None),
        ({"reason_1": "service"}, "care_call", None),
        ({"risk_tier": "small"}, "none", "small_stake"),
        ({"hindrance_email": "no_consent"}, "none", "no_consent"),
        ({"hindrance_email": "suppressed"}, "none", "suppressed"),
        ({"hindrance_email": "unreachable"}, "none", "unreachable"),
        ({"hindrance_email": "frequency_cap"}, "none", "frequency_cap"),
        ({"cooling_arms": ["coupon"]}, "none", "cool_down"),
        ({"cooling_arms": ["care_call"]}, "coupon", None),
        ({"value_at_risk_amount": 20.0}, "none", "no_gain"),  # 20 x 0.1 only covers the cost of 2
        ({"value_at_risk_amount": 20.01}, "coupon", None),
        ({"value_at_risk_amount": 19.0, "hindrance_email": "no_consent"}, "none", "no_gain"),
        ({"reason_1": "profile"}, "none", "no_gain"),
        ({"reason_1": None}, "none", "no_gain"),
        ({"reason_1": "profile", "reason_3": "offers"}, "coupon", None),
        ({"reason_1": "price", "reason_2": "service"}, "coupon", None),
        ({"reason_1": "service", "reason_2": "price", "hindrance_call": "no_consent"}, "coupon", None),
        (
            {
                "reason_1": "service",
                "reason_2": "price",
                "hindrance_call": "no_consent",
                "hindrance_email": "no_consent",
            },
            "none",
            "no_consent",
        ),
    ],
)
def test_one_user(
    make_candidates: MakeCandidates, snapshot: date, user: dict[str, Any], arm: str, binding: str | None
) -> None:
    assert outcome(decide(make_candidates(user), settings(), snapshot)) == [(arm, binding)]


def test_an_arm_for_any_reason_comes_last_and_reports_the_main_reason(
    make_candidates: MakeCandidates, snapshot: date
) -> None:
    candidates = make_candidates(
        {"reason_1": "profile"}, {"reason_1": None}, {"reason_3": "offers", "reason_1": "rhythm"}
    )

    ledger = decide(candidates, settings(arms=(PUSH, COUPON)), snapshot)

    assert ledger.select("arm", "reason").rows() == [("push", "profile"), ("push", None), ("coupon", "offers")]


def test_small_values_are_not_worth_an_arm_with_a_minimum(make_candidates: MakeCandidates, snapshot: date) -> None:
    candidates = make_candidates({"value_at_risk_amount": 49.99}, {"value_at_risk_amount": 50.0})

    ledger = decide(candidates, settings(arms=(COUPON.model_copy(update={"min_value_amount": 50.0}),)), snapshot)

    assert outcome(ledger) == [("none", "no_gain"), ("coupon", None)]


def test_budget_counts_cents_where_floats_would_drift(make_candidates: MakeCandidates, snapshot: date) -> None:
    dime = COUPON.model_copy(update={"cost_amount": 0.1})

    ledger = decide(make_candidates(*[{}] * 5), settings(arms=(dime,), budget_amount=0.3), snapshot)

    # 0.3 - 0.1 - 0.1 is 0.09999999999999998 in floats, too little for the third.
    assert outcome(ledger) == [("coupon", None)] * 3 + [("none", "budget")] * 2


def test_a_user_who_does_not_fit_is_skipped_and_a_cheaper_one_may_follow(
    make_candidates: MakeCandidates, snapshot: date
) -> None:
    candidates = make_candidates(
        {"reason_1": "service", "value_at_risk_amount": 1000.0},
        {"reason_1": "service", "value_at_risk_amount": 900.0},
        {"reason_1": "price", "value_at_risk_amount": 100.0},
    )

    ledger = decide(candidates, settings(budget_amount=7.0), snapshot)

    assert outcome(ledger) == [("care_call", None), ("none", "budget"), ("coupon", None)]
    assert ledger.get_column("expected_cost_amount").to_list() == [4.0, 0.0, 2.0]
    assert ledger.get_column("expected_gain_amount").to_list() == [200.0, 0.0, 10.0]


def test_capacity_goes_to_the_best_return_also_where_the_arm_is_free(
    make_candidates: MakeCandidates, snapshot: date
) -> None:
    candidates = make_candidates(*({"value_at_risk_amount": value} for value in (100.0, 300.0, 200.0, 300.0)))
    for arm in (PUSH, COUPON):
        ledger = decide(candidates, settings(arms=(arm.model_copy(update={"capacity": 2}),)), snapshot)

        assert outcome(ledger) == [("none", "capacity"), (arm.arm, None)] * 2


def test_holdout_uses_no_money_and_meets_the_same_limits(make_candidates: MakeCandidates, snapshot: date) -> None:
    candidates = make_candidates(*[{}] * 400)

    ledger = decide(candidates, settings(holdout_share=0.5, budget_amount=100.0), snapshot)

    acted = ledger.filter(pl.col("arm") == "coupon")
    held = ledger.filter(pl.col("binding_constraint") == "holdout")
    assert acted.height == 50  # 100 of money at 2 each, not one less for the users held out
    assert held.get_column("intended_arm").unique().to_list() == ["coupon"]
    assert held.height == ledger.filter("is_holdout", pl.col("user_id") <= acted.get_column("user_id").max()).height
    late = ledger.filter("is_holdout", pl.col("user_id") > acted.get_column("user_id").max())
    assert set(late.select("intended_arm", "binding_constraint", "propensity").rows()) == {("none", "budget", 1.0)}


def test_exploration_leaves_alone_some_who_would_be_treated(make_candidates: MakeCandidates, snapshot: date) -> None:
    candidates = make_candidates(*[{}] * 300, *[{"risk_tier": "small"}] * 100)

    ledger = decide(candidates, settings(holdout_share=0.2, exploration_share=0.25), snapshot)

    sides = ledger.with_columns(pl.col("propensity").round(9)).select(
        "binding_constraint", "is_exploration", "propensity", "intended_arm", "channel"
    )
    assert set(sides.rows()) == {
        (None, False, 0.6, "coupon", "email"),
        ("holdout", False, 0.4, "coupon", None),
        ("exploration", True, 0.4, "coupon", None),
        ("small_stake", False, 1.0, "none", None),
    }


def test_recorded_propensity_is_the_frequency_over_salts(make_candidates: MakeCandidates, snapshot: date) -> None:
    candidates = make_candidates(*({"value_at_risk_amount": 100.0 + number} for number in range(300)))
    seen: Counter[tuple[str, str]] = Counter()
    stated: dict[tuple[str, str], float] = {}
    for number in range(20):
        ledger = decide(
            candidates,
            settings(salt=str(number), holdout_share=0.3, exploration_share=0.2, budget_amount=300.0),
            snapshot,
        )
        seen.update(ledger.select("intended_arm", "arm").rows())
        stated |= {(intended, arm): p for intended, arm, p in ledger.select("intended_arm", "arm", "propensity").rows()}

    intended = seen["coupon", "coupon"] + seen["coupon", "none"]
    assert stated == {
        ("coupon", "coupon"): pytest.approx(0.56),
        ("coupon", "none"): pytest.approx(0.44),
        ("none", "none"): 1.0,
    }
    assert abs(seen["coupon", "coupon"] - 0.56 * intended) < 4 * (intended * 0.56 * 0.44) ** 0.5


def test_an_empty_catalogue_leaves_everyone_alone(make_candidates: MakeCandidates, snapshot: date) -> None:
    assert outcome(decide(make_candidates({}), settings(arms=()), snapshot)) == [("none", "no_gain")]


def test_ids_and_times_follow_from_policy_snapshot_and_user_alone(
    make_candidates: MakeCandidates, snapshot: date
) -> None:
    first = decide(make_candidates({}, {}), settings(), snapshot)
    risky = decide(make_candidates({"churn_probability": 0.9}, {}), settings(), snapshot)
    dearer = decide(make_candidates({}, {}), settings(budget_amount=1001.0), snapshot)
    later = snapshot + timedelta(days=7)
    next_week = decide(make_candidates({"snapshot_date": later}, {"snapshot_date": later}), settings(), later)

    assert first.get_column("decided_at").unique().to_list() == [datetime(2025, 6, 2)]  # UTC, naive
    assert first.get_column("decision_id").to_list() == risky.get_column("decision_id").to_list()
    ids = pl.concat([first, dearer, next_week]).get_column("decision_id")
    assert ids.n_unique() == ids.len()


def test_policy_version_changes_with_any_setting() -> None:
    versions = {
        policy_version(changed)
        for changed in (settings(), settings(salt="other"), settings(arms=(COUPON,)), settings(unknown_consent="allow"))
    }

    assert len(versions) == 4
    assert policy_version(settings()) == policy_version(settings())


def test_no_candidates_are_refused(make_candidates: MakeCandidates, snapshot: date) -> None:
    with pytest.raises(
        ValueError, match=r"candidates: no eligible user at snapshot_date 2025-06-02; check scored_users"
    ):
        decide(make_candidates({}).clear(), settings(), snapshot)


def test_another_snapshot_is_refused(make_candidates: MakeCandidates, snapshot: date) -> None:
    candidates = make_candidates({}, {"snapshot_date": date(2025, 6, 9)})

    with pytest.raises(ValueError, match=r"snapshot_date is 2025-06-02, 2025-06-09 where only 2025-06-02 belongs"):
        decide(candidates, settings(), snapshot)


@pytest.mark.parametrize(
    ("row", "column", "rule"),
    [
        ({"reason_1": "weather"}, "reason_1", "isin"),
        ({"risk_tier": "huge"}, "risk_tier", "isin"),
        ({"value_at_risk_amount": float("nan")}, "value_at_risk_amount", "not_nullable"),
        ({"value_at_risk_amount": float("inf")}, "value_at_risk_amount", "less_than"),
        ({"value_at_risk_amount": -1.0}, "value_at_risk_amount", "greater_than_or_equal_to"),
        ({"churn_probability": 1.01}, "churn_probability", "in_range"),
        ({"user_id": "u001"}, "user_id", "field_uniqueness"),
        ({"email": "a@example.com"}, "Candidates", "column_in_schema"),
    ],
)
def test_a_broken_candidate_is_named(
    make_candidates: MakeCandidates, snapshot: date, row: dict[str, Any], column: str, rule: str
) -> None:
    with pytest.raises(SchemaErrors) as caught:
        decide(make_candidates(row, {}), settings(), snapshot)

    cases = caught.value.failure_cases
    assert set(cases.get_column("column")) == {column}
    assert rule in {check.split("(")[0] for check in cases.get_column("check")}
