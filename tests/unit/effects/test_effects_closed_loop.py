"""The loop of the benchmark in a small world: reproducible, and what is sent is what changes it."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from benchmarks.closed_loop import WORLDS, in_one_world
from benchmarks.loop_policies import POLICIES
from benchmarks.loop_world import LivingShop, Mailing
from churn_assets.shop import ShopSettings


def shop(weeks: int = 30) -> LivingShop:
    living = LivingShop(ShopSettings(end=date(2026, 11, 16), users=800, weeks=weeks + 8, seed=3), first_week=weeks)
    for _ in range(weeks):
        living.live()
    return living


def test_the_same_seed_is_the_same_world_and_nothing_earns_nothing() -> None:
    once, again = (in_one_world(500, seed=2, weeks=2, kind="as it is") for _ in range(2))
    assert set(once) == set(POLICIES)
    for name, figures in once.items():
        assert np.array_equal(figures["profit"], again[name]["profit"]), name
    assert not once["nothing"]["profit"].any()
    assert once["nothing"]["contacts"].tolist() == [0]
    assert once["value"]["contacts"].item() > 0


def test_who_is_sent_to_is_moved_as_the_truth_says_and_nobody_else() -> None:
    sent, alone = shop(), shop()
    user = np.flatnonzero(sent.is_eligible() & sent.may_mail())
    arm = ["coupon_10" if place % 2 else "none" for place in range(len(user))]
    sent.send(Mailing(sent.week, ["c"] * len(user), user, arm, np.full(len(user), 0.5)))
    moved = sent.state.boost_weeks != alone.state.boost_weeks
    assert set(np.flatnonzero(moved)) == set(user[1::2])
    assert sent.costs[sent.week] == pytest.approx(0.02 * len(user[1::2]))


def test_an_arm_that_is_said_to_harm_does() -> None:
    living = shop()
    before = living.true_gains()["coupon_10"][living.is_eligible()].mean()
    living.change = dict(WORLDS["the coupon harms"])
    after = living.true_gains()["coupon_10"][living.is_eligible()].mean()
    assert after < -1
    assert after < before
