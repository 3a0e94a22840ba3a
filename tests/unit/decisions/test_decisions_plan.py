"""Plans under limits: levels, lower bounds, floors, controls, and what a plan says about itself."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from churn_assets.catalogue.arms import Arm, Level
from churn_assets.decisions.decide import decide
from churn_assets.decisions.options import options_of
from churn_assets.decisions.summary import compare_policies, limit_prices
from churn_assets.settings import Decisions
from tests.unit.decisions.plain import plain

if TYPE_CHECKING:
    from collections.abc import Callable

    MakeCandidates = Callable[..., pl.DataFrame]

SMALL, LARGE = Level(level="s", cost_amount=1, assumed_lift=0.05), Level(level="l", cost_amount=5, assumed_lift=0.2)
COUPON = Arm(arm="coupon", channel="email", template="t", levels=(SMALL, LARGE))
CALL = Arm(arm="call", channel="call", template="t", answers=("service",), cost_amount=2, assumed_lift=0.1)


def settings(**changes: Any) -> Decisions:
    return plain(**({"arms": (COUPON,), "holdout_share": 0.0, "margin_share": 1.0} | changes))


def test_levels_share_the_budget_where_they_earn_most(make_candidates: MakeCandidates, snapshot: date) -> None:
    """Values 100, 60, 30: with 7 the best is the strong level for the first and the weak one for the others."""
    users = [{"value_at_risk_amount": value} for value in (100.0, 60.0, 30.0)]
    ledger = decide(make_candidates(*users), settings(budget_amount=7.0), snapshot).ledger
    assert ledger.select("level", "expected_cost_amount").rows() == [("l", 5.0), ("s", 1.0), ("s", 1.0)]


def test_choices_go_by_the_lower_bound_and_the_ledger_states_the_expectation(
    make_candidates: MakeCandidates, snapshot: date
) -> None:
    unsure = Arm(
        arm="unsure", channel="sms", template="t",
        levels=(Level(level="x", cost_amount=1, assumed_lift=0.5, assumed_lift_low=0.02),),
    )  # fmt: skip
    ledger = decide(make_candidates({}), settings(arms=(unsure, COUPON)), snapshot).ledger
    assert ledger.select("arm", "expected_gain_amount").row(0) == ("coupon", pytest.approx(20.0))
    alone = decide(make_candidates({}), settings(arms=(unsure,)), snapshot).ledger
    assert alone.select("arm", "expected_gain_amount").row(0) == ("unsure", pytest.approx(50.0))


def test_margin_and_what_the_offer_gives_away_count(make_candidates: MakeCandidates, snapshot: date) -> None:
    """At risk 100 at a probability of 0.5, so 200 of spend; a lift of 0.1 keeps 10, of which 0.3 is margin: 3. Of what
    those who stay spend, 200 x (1 - 0.5 x 0.9) = 110, a share of 0.01 is given away: 1.1."""
    arm = Arm(
        arm="gift", channel="email", template="t",
        levels=(Level(level="x", cost_amount=1, assumed_lift=0.1, margin_loss_share=0.01),),
    )  # fmt: skip
    users = make_candidates({"churn_probability": 0.5})
    ledger = decide(users, settings(arms=(arm,), margin_share=0.3), snapshot).ledger
    assert ledger.item(0, "expected_gain_amount") == pytest.approx(1.9)


def test_a_channel_has_places_too(make_candidates: MakeCandidates, snapshot: date) -> None:
    ledger = decide(make_candidates(*[{}] * 5), settings(channel_capacities={"email": 2}), snapshot).ledger
    assert ledger["binding_constraint"].to_list() == [None, None, *["channel_capacity"] * 3]


@pytest.mark.parametrize("budget", [0.0, 0.99])
def test_without_money_nobody_is_acted_upon(make_candidates: MakeCandidates, snapshot: date, budget: float) -> None:
    ledger = decide(make_candidates(*[{}] * 3), settings(budget_amount=budget), snapshot).ledger
    assert ledger.select("arm", "binding_constraint").unique().rows() == [("none", "budget")]


def test_an_arm_for_small_stake_reaches_only_them(make_candidates: MakeCandidates, snapshot: date) -> None:
    loyal = COUPON.model_copy(update={"arm": "loyal", "risk_tiers": ("small",)})
    users = make_candidates({"risk_tier": "small"}, {"risk_tier": "urgent"})
    ledger = decide(users, settings(arms=(loyal,)), snapshot).ledger
    assert ledger.select("arm", "binding_constraint").rows() == [("loyal", None), ("none", "small_stake")]


def test_an_arm_keeps_a_control_of_its_own_for_ever(make_candidates: MakeCandidates, snapshot: date) -> None:
    controlled = COUPON.model_copy(update={"control_share": 0.5})
    policy = settings(arms=(controlled,), budget_amount=10_000.0)
    sides = [
        decide(make_candidates(*[{"snapshot_date": day}] * 200), policy, day).ledger
        for day in (snapshot, date(2026, 6, 1))
    ]
    left = [set(side.filter(pl.col("binding_constraint") == "control")["user_id"]) for side in sides]
    assert left[0] == left[1]
    assert 70 < len(left[0]) < 130
    assert sides[0]["propensity"].unique().to_list() == [0.5]


def test_a_household_is_on_one_side(make_candidates: MakeCandidates, snapshot: date) -> None:
    users = make_candidates(*[{"unit_id": f"household:{number // 4}"} for number in range(400)])
    ledger = decide(users, settings(holdout_share=0.5), snapshot).ledger
    together = (
        ledger.with_columns(household=pl.int_range(pl.len()) // 4)
        .group_by("household")
        .agg(pl.col("is_holdout").n_unique())
    )
    assert together["is_holdout"].unique().to_list() == [1]
    assert 0.35 < ledger["is_holdout"].mean() < 0.65


def test_a_floor_gives_every_group_its_share(make_candidates: MakeCandidates, snapshot: date) -> None:
    """The poorer half gets nothing where only money counts, and 0.8 of the common share with a floor of 0.8."""
    users = make_candidates(*[{"value_at_risk_amount": 200.0 if n < 50 else 100.0} for n in range(100)])
    ids = users["user_id"]
    groups = {"rich": ids[:50], "poor": ids[50:]}

    def treated(floor: float) -> list[int]:
        policy = settings(budget_amount=40.0, arms=(CALL.model_copy(update={"answers": ()}),),
                          fairness_floor_share=floor)  # fmt: skip
        ledger = decide(users, policy, snapshot, groups).ledger
        acted = ledger.filter(pl.col("arm") != "none")["user_id"]
        return [int(acted.is_in(members.to_list()).sum()) for members in groups.values()]

    assert treated(0.0) == [20, 0]
    assert treated(0.8) == [12, 8]


def test_shadow_prices_say_what_more_would_earn(make_candidates: MakeCandidates, snapshot: date) -> None:
    """Each 2 of budget buys a call worth 10 - 2: 4 per 1; half of the 40 users fit."""
    policy = settings(budget_amount=40.0, arms=(CALL.model_copy(update={"answers": (), "capacity": 30}),))
    decided = decide(make_candidates(*[{}] * 40), policy, snapshot)
    prices = limit_prices(decided, snapshot)
    assert prices.select("limit", "unit", "most", "used", "users_short").rows() == [
        ("budget", "currency", 40.0, 40.0, 20), ("capacity:call", "users", 30.0, 20.0, 0),
    ]  # fmt: skip
    assert prices["price_amount"].to_list() == [pytest.approx(4.0), pytest.approx(0.0, abs=1e-6)]


def test_policies_are_compared_under_the_same_limits(make_candidates: MakeCandidates, snapshot: date) -> None:
    """The rules call whom service drives away; where only gain counts everybody gets the strong coupon."""
    policy = settings(arms=(CALL, COUPON), budget_amount=1_000.0)
    users = make_candidates({"reason_1": "service"}, {"reason_1": "price"})
    compared = compare_policies(
        policy, snapshot, decide(users, policy, snapshot), lambda other: decide(users, other, snapshot)
    )
    by_gain = pytest.approx(2 * (20 - 5))
    assert compared.select("policy", "is_used", "users_acted_on", "expected_profit_amount").rows() == [
        ("learned", False, 2, by_gain),
        ("rules", True, 2, pytest.approx(10 - 2 + 20 - 5)),
        ("value", False, 2, by_gain),
    ]
    assert compared["policy_version"].n_unique() == 3


def test_options_are_every_arm_at_every_level() -> None:
    options = options_of(settings(arms=(CALL, COUPON)))
    assert [option.treatment for option in options] == ["call", "coupon_s", "coupon_l"]
    assert [option.cost_units for option in options] == [20_000, 10_000, 50_000]


CODED = Arm.model_validate({
    "arm": "coupon", "channel": "email", "template": "t", "code": "pool", "levels": [SMALL, LARGE],
    "texts": {"en": {"body": "Your code: {code} {unsubscribe_url}"}},
})  # fmt: skip


def test_as_many_users_get_a_code_as_there_are(make_candidates: MakeCandidates, snapshot: date) -> None:
    decided = decide(make_candidates(*[{}] * 5), settings(arms=(CODED,)), snapshot, codes={("coupon", "l"): 2})
    assert decided.ledger["level"].to_list() == ["l", "l", None, None, None]
    assert decided.ledger["binding_constraint"].to_list() == [None, None, *["code_pool"] * 3]
    prices = limit_prices(decided, snapshot).select("limit", "most", "used", "users_short").rows()
    assert prices[1:] == [("code_pool:coupon_s", 0.0, 0.0, 0), ("code_pool:coupon_l", 2.0, 2.0, 3)]
    assert limit_prices(decided, snapshot)["price_amount"][2] == pytest.approx(15.0)  # 0.2 of 100, less its cost


def test_an_empty_pool_leaves_the_arm_out_and_the_next_best_is_given(
    make_candidates: MakeCandidates, snapshot: date
) -> None:
    users = make_candidates({"reason_1": "price", "reason_2": "service"})
    answering = CODED.model_copy(update={"answers": ("price",)})
    ledger = decide(users, settings(arms=(answering, CALL)), snapshot).ledger
    assert ledger.select("arm", "binding_constraint").row(0) == ("call", None)
    alone = decide(users, settings(arms=(answering,)), snapshot).ledger
    assert alone.select("arm", "binding_constraint").row(0) == ("none", "no_code")


def test_who_lacks_an_item_gets_another_arm_or_is_counted(make_candidates: MakeCandidates, snapshot: date) -> None:
    users = make_candidates({"wordless_arms": ["coupon"], "reason_1": "service"}, {"wordless_arms": ["coupon", "call"]})
    ledger = decide(users, settings(arms=(COUPON, CALL)), snapshot).ledger
    assert ledger.select("arm", "binding_constraint").rows() == [("call", None), ("none", "no_item")]
    refused = make_candidates({"wordless_arms": ["coupon"], "hindrance_email": "no_consent"})
    assert decide(refused, settings(), snapshot).ledger["binding_constraint"].to_list() == ["no_consent"]
