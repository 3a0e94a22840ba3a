from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest

from churn_assets.decisions.optimise import optimise
from churn_assets.decisions.problem import Floor, Limit, Problem

ONE = np.array([1])
by_prices = partial(optimise, exact_cells=0)
both = pytest.mark.parametrize("solve", [optimise, by_prices])


@both
@pytest.mark.parametrize(("users", "options", "most"), [(0, 2, 5), (3, 0, 5), (0, 0, 0), (3, 2, 0)])
def test_nothing_to_choose_is_no_option_for_anybody(solve: Any, users: int, options: int, most: int) -> None:
    problem = Problem(
        np.ones((users, options)),
        (Limit("places", np.ones(options, int), most),),
        (Floor("all", np.ones(users, bool), 1),),
    )
    choice = solve(problem)
    assert choice.options.tolist() == [-1] * users
    assert choice.profit == 0
    assert choice.gap == 0
    assert choice.short.tolist() == [1]


@both
def test_a_floor_is_met_by_the_members_who_lose_least(solve: Any) -> None:
    gains = np.array([[5.0], [-3.0], [-1.0], [4.0]])
    members = np.array([False, True, True, False])
    choice = solve(Problem(gains, (Limit("places", ONE, 2),), (Floor("new", members, 1),)))
    assert choice.options.tolist() == [0, -1, 0, -1]
    assert choice.short.tolist() == [0]
    assert choice.profit == 4


@both
@pytest.mark.parametrize(("most", "missing", "given"), [(9, 1, [0, 0, -1]), (1, 2, [-1, 0, -1]), (0, 3, [-1, -1, -1])])
def test_a_floor_out_of_reach_is_met_as_far_as_possible(solve: Any, most: int, missing: int, given: list[int]) -> None:
    gains = np.array([[-1.0], [2.0], [-np.inf]])
    choice = solve(Problem(gains, (Limit("places", ONE, most),), (Floor("all", np.ones(3, bool), 3),)))
    assert choice.short.tolist() == [missing]
    assert choice.options.tolist() == given


def test_floors_come_before_profit() -> None:
    gains = np.array([[90.0, 1.0], [0.1, 0.1], [0.1, 0.1]])
    limits = (Limit("budget", np.array([3, 1]), 3),)
    choice = optimise(Problem(gains, limits, (Floor("all", np.ones(3, bool), 3),)))
    assert choice.options.tolist() == [1, 1, 1]


@both
def test_floors_of_many_users_out_of_reach_leave_usable_prices(solve: Any) -> None:
    random = np.random.default_rng(4)
    problem = Problem(
        random.uniform(-1, 9, (300, 1)),
        (Limit("places", ONE, 50),),
        (Floor("some", random.random(300) < 0.5, 80),),
    )
    choice = solve(problem)
    assert choice.short.tolist() == [30]
    assert int((choice.options == 0).sum()) == 50
    assert choice.prices[0] < 9  # the most that a user earns


@both
@pytest.mark.parametrize(("gains", "given"), [([0.0, 2.0], [-1, 0]), ([0.0, 0.0], [0, -1])])
def test_what_earns_nothing_is_given_only_where_a_floor_needs_it(
    solve: Any, gains: list[float], given: list[int]
) -> None:
    choice = solve(Problem(np.array(gains)[:, None], (), (Floor("all", np.ones(2, bool), 1),)))
    assert choice.options.tolist() == given


def crowd(seed: int) -> Problem:
    """150 users of three kinds, and more floors and limits than fit easily."""
    random = np.random.default_rng(seed)
    cents = np.array([2, 50, 250])
    gains = random.choice([20.0, 40.0, 90.0], 150)[:, None] * np.array([0.05, 0.1, 0.2]) - cents / 100
    gains[random.random(gains.shape) < 0.2] = -np.inf
    limits = (
        Limit("budget", cents, int(random.integers(500, 6000))),
        Limit("places", np.array([1, 0, 0]), int(random.integers(5, 40))),
        Limit("channel", np.array([1, 1, 0]), int(random.integers(20, 80))),
    )
    return Problem(
        gains, limits, tuple(Floor(f"f{n}", random.random(150) < 0.4, int(random.integers(5, 40))) for n in range(2))
    )


@pytest.mark.parametrize("seed", [9, 136])
def test_users_alike_meet_floors_that_can_be_met(seed: int) -> None:
    """9 fails unless members are given something before the repair, 136 unless gains are tilted by a millionth.

    Of 10,000 users alike, without the tilt, one plan in ten missed 30 members it could have had (mean gap 0.029; with
    it 0.001). In the simulated shop and in CDNOW hardly two users have the same value above 0.
    """
    assert not by_prices(crowd(seed)).short.any()


def test_a_member_whom_the_repair_left_without_is_given_what_fits() -> None:
    """Of 240 random plans by prices alone, 7 missed a floor without this and 4 do."""
    gains = np.array([[-np.inf, 2.0], [7.0, -np.inf], [-1.0, -1.0], [2.0, -3.0]])
    limits = (Limit("a", np.array([3, 1]), 3), Limit("b", np.array([4, 1]), 9))
    floors = (Floor("all", np.ones(4, bool), 3), Floor("some", np.array([True, True, False, True]), 3))
    choice = by_prices(Problem(gains, limits, floors))
    assert choice.options.tolist() == [1, -1, 1, 1]
    assert choice.short.tolist() == [0, 1]


@both
def test_of_equals_the_lower_user_and_the_lower_option_come_first(solve: Any) -> None:
    problem = Problem(np.ones((6, 2)), (Limit("places", np.array([1, 1]), 3),))
    assert solve(problem).options.tolist() == [0, 0, 0, -1, -1, -1]


def test_users_alike_in_one_option_only_are_served_in_order() -> None:
    gains = np.array([[5.0, -np.inf], [5.0, 3.0], [5.0, 1.0]])
    assert optimise(Problem(gains, (Limit("places", np.array([1, 9]), 1),))).options.tolist() == [0, -1, -1]


@both
def test_the_same_problem_gives_the_same_choice(solve: Any) -> None:
    random = np.random.default_rng(6)
    gains, use = random.normal(1, 2, (150, 4)).round(1), random.integers(0, 5, 4)
    members = random.random(150) < 0.3
    made = [
        solve(Problem(gains.copy(), (Limit("budget", use.copy(), 120),), (Floor("new", members.copy(), 20),)))
        for _ in range(2)
    ]
    assert made[0].options.tolist() == made[1].options.tolist()
    assert made[0].prices.tolist() == made[1].prices.tolist()
    assert made[0].bound == made[1].bound


@pytest.mark.parametrize("seed", range(3))
def test_no_unit_too_many_where_units_are_many(seed: int) -> None:
    random = np.random.default_rng(seed)
    use = random.integers(10**9, 2 * 10**9, 3)
    problem = Problem(random.uniform(0, 9, (60, 3)), (Limit("budget", use, 20 * 10**9 + seed),))
    for choice in (optimise(problem), by_prices(problem)):
        assert sum(int(use[option]) for option in choice.options if option >= 0) <= problem.limits[0].most
        assert choice.profit > 0.95 * choice.bound


def test_what_is_not_proven_is_left_to_prices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("churn_assets.decisions.exact.NODES", 0)
    random = np.random.default_rng(2)
    limits = tuple(Limit(f"l{i}", use, 900) for i, use in enumerate(random.integers(100, 200, (2, 3))))
    problem = Problem(random.uniform(50, 60, (12, 3)), limits)
    choice = optimise(problem)
    assert choice.gap > 0
    assert choice.options.tolist() == by_prices(problem).options.tolist()


def two_users(**changed: Any) -> Problem:
    parts = {"gains": np.ones((2, 1)), "limits": (Limit("places", ONE, 1),), "floors": ()} | changed
    return Problem(**parts)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: two_users(gains=np.array([[1.0], [np.nan]])), "gains: user 1, option 0 is nan"),
        (lambda: two_users(gains=np.array([[1.0], [np.inf]])), "gains: user 1, option 0 is inf"),
        (lambda: two_users(gains=np.ones(2)), r"gains has shape \(2,\)"),
        (lambda: Limit("calls", np.array([1, -2]), 1), "limit 'calls': use of option 1 is -2, below 0"),
        (lambda: Limit("calls", np.array([0.5]), 1), "limit 'calls': use is float64, not whole units"),
        (lambda: Limit("calls", np.ones((1, 1), int), 1), r"limit 'calls': use has shape \(1, 1\)"),
        (lambda: Limit("calls", np.array([2**63], np.uint64), 1), "limit 'calls': use of option 0 is too large"),
        (lambda: Limit("calls", ONE, -1), "limit 'calls': most is -1, below 0"),
        (lambda: Limit("calls", ONE, 1.5), "limit 'calls': most is 1.5, not a whole number"),  # type: ignore[arg-type]
        (lambda: Floor("new", np.array([1, 0]), 1), "floor 'new': members is int64, not true or false"),
        (lambda: Floor("new", np.ones((1, 2), bool), 1), r"floor 'new': members has shape \(1, 2\)"),
        (lambda: Floor("new", np.ones(2, bool), -1), "floor 'new': least is -1, below 0"),
        (lambda: two_users(limits=(Limit("calls", np.ones(2, int), 1),)), "limit 'calls': use is for 2 options"),
        (lambda: two_users(limits=(Limit("calls", ONE * 2**62, 1),)), "limit 'calls': the use of 2 users"),
        (lambda: two_users(limits=(Limit("a", ONE, 1), Limit("a", ONE, 2))), "limit 'a' is given twice"),
        (lambda: two_users(floors=(Floor("new", np.ones(3, bool), 1),)), "floor 'new': members is for 3 users"),
        (lambda: two_users(floors=(Floor("f", np.ones(2, bool), 1),) * 2), "floor 'f' is given twice"),
    ],
)
def test_what_is_wrong_is_named(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()
