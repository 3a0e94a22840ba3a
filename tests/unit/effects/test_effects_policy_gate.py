"""Who may take over: only who earns more than the policy in use, and than any one arm that costs as much."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
import pytest

from churn_assets.effects.policy_gate import policy_gate

COSTS = {"coupon": 2.0, "reminder": 0.1}


def drawn(seed: int, users: int, helped: float = 0.5, gain: float = 6.0, harm: float = -4.0) -> pl.DataFrame:
    """A coupon that helps a share of the users and harms the others, after its cost. `learned` gives it to those whom
    it helps, `value` to the same number of users drawn by lot, `rules` to nobody.
    """
    rng = np.random.default_rng(seed)
    is_helped = rng.random(users) < helped
    treatment = rng.choice(["coupon", "reminder", "none"], users)
    brings = np.select([treatment == "coupon", treatment == "reminder"], [np.where(is_helped, gain, harm), 0.0], 0.0)
    margin = 10 + brings + rng.normal(0, 3, users)
    return pl.DataFrame(
        {
            "user_id": [f"u{number}" for number in range(users)],
            "snapshot_date": [date(2026, 1, 5)] * users,
            "treatments": [["coupon", "reminder"]] * users,
            "treatment": treatment,
            "propensity": [1 / 3] * users,
            "learned": np.where(is_helped, "coupon", "none"),
            "value": np.where(rng.random(users) < helped, "coupon", "none"),
            "rules": ["none"] * users,
            "margin_amount": margin,
            "spent_before_amount": np.zeros(users),
            "orders_before_count": np.zeros(users),
        }
    )


def test_a_policy_that_knows_whom_it_helps_may_take_over() -> None:
    evidence = policy_gate(drawn(1, 12_000), "rules", COSTS)
    learned = evidence["learned"]
    assert learned.status == "may be promoted"
    assert learned.beyond_running is not None
    assert learned.beyond_running.value == pytest.approx(3.0, abs=0.4)  # half the users, 6 each
    assert "more than any one arm at equal cost" in learned.reason
    assert set(evidence) == {"learned", "value"}


def test_giving_the_good_arm_to_as_many_by_lot_is_no_policy() -> None:
    """The coupon helps everybody: whoever gives it to half of them earns more than nobody, and no more than a lot."""
    world = drawn(2, 12_000, helped=1.0).with_columns(value=pl.Series(["coupon", "none"] * 6_000))
    evidence = policy_gate(world, "rules", COSTS)["value"]
    assert evidence.beyond_running is not None
    assert evidence.beyond_running.low > 0
    assert (evidence.status, evidence.constant) == ("not proven", "coupon")
    assert evidence.constant_share == pytest.approx(0.5)
    assert "not proven to earn more than coupon for 50% of the users, at the same cost" in evidence.reason


def test_the_lot_is_held_to_the_same_cost() -> None:
    """An arm that costs nothing is given to all; one that the catalogue no longer has is no rival."""
    world = drawn(3, 6_000)
    evidence = policy_gate(world, "rules", {"coupon": 0.0, "reminder": 0.1})["learned"]
    assert evidence.constant_share == 1.0
    assert policy_gate(world, "rules", {})["learned"].constant == "none"


def test_no_better_than_the_policy_in_use_is_said() -> None:
    evidence = policy_gate(drawn(4, 12_000), "learned", COSTS)
    assert evidence["value"].status == "not proven"
    assert "not proven to earn more than learned" in evidence["value"].reason


def test_few_users_and_none_say_nothing() -> None:
    few = policy_gate(drawn(5, 120), "rules", COSTS)["learned"]
    assert (few.status, few.beyond_running) == ("too few users", None)
    none = policy_gate(drawn(6, 10).clear(), "rules", COSTS)["learned"]
    assert (none.status, none.users) == ("too few users", 0)
    assert "decisions.random_share" in none.reason


def test_where_nothing_helps_hardly_any_world_promotes_however_often_one_looks() -> None:
    """Ten looks each at 60 worlds in which all arms are worth nothing: the interval of one look would name some."""
    promoted = 0
    for seed in range(60):
        world = drawn(100 + seed, 4_000, gain=0.0, harm=0.0)
        looks = [policy_gate(world.head(400 * look), "rules", COSTS)["learned"] for look in range(1, 11)]
        promoted += any(each.status == "may be promoted" for each in looks)
    assert promoted <= 2
