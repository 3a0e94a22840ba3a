"""Sampling: chances that add up, that are how often options are drawn, and that follow what is known of the options."""

from __future__ import annotations

from collections import Counter
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy

from churn_assets.catalogue.arms import Arm
from churn_assets.contracts.sampled_options import SampledOptions
from churn_assets.decisions.decide import decide
from churn_assets.decisions.policies import policy_version
from churn_assets.decisions.sampling import beliefs, chances
from churn_assets.effects.assignments import ledger_assignments, sampled_assignments
from churn_assets.settings import Decisions
from tests.unit.decisions.plain import plain

if TYPE_CHECKING:
    from collections.abc import Callable

    MakeCandidates = Callable[..., pl.DataFrame]

COUPON = Arm(arm="coupon", channel="email", template="t", cost_amount=2, assumed_lift=0.10)
CALL = Arm(arm="call", channel="call", template="t", cost_amount=5, assumed_lift=0.10)
COSTS = {"coupon": Decimal(2), "call": Decimal(5), "none": Decimal(0)}
FLOOR = 0.3


def settings(**changes: Any) -> Decisions:
    fixed = {"arms": (COUPON, CALL), "policy": "value", "budget_amount": 1e6, "margin_share": 1.0}
    fixed |= {"holdout_share": 0.1, "sampled_share": 0.5, "sampled_limit_share": 0.5, "sampled_floor_share": FLOOR}
    return plain(**(fixed | changes))


def measured(users: pl.DataFrame, effect: float, error: float) -> pl.DataFrame:
    """The coupon earns `effect` after its cost, of which the stated error is known."""
    return users.select(
        "user_id", treatment=pl.lit("coupon"), margin_effect_amount=pl.lit(effect),
        margin_low_amount=pl.lit(effect - 1.2815515655446004 * error), margin_error_amount=pl.lit(error),
    )  # fmt: skip


FINITE = st.floats(-50, 50)
SIZES = st.tuples(st.integers(1, 6), st.integers(1, 5))


@hypothesis_settings(max_examples=60, deadline=None)
@given(data=st.data(), size=SIZES, floor=st.floats(0.01, 1))
def test_chances_add_up_and_have_their_floor(data: st.DataObject, size: tuple[int, int], floor: float) -> None:
    mean = data.draw(st_numpy.arrays(np.float64, size, elements=FINITE))
    deviation = data.draw(st_numpy.arrays(np.float64, size, elements=st.floats(1e-6, 50)))
    is_open = data.draw(st_numpy.arrays(np.bool_, size))
    result = chances(mean, deviation, is_open, floor)
    assert result.sum(axis=1) == pytest.approx(1, abs=1e-12)
    assert (result[:, :-1][~is_open] == 0).all()
    least = floor / (is_open.sum(axis=1, keepdims=True) + 1)
    assert (result >= np.where(np.column_stack([is_open, np.ones(len(is_open))]), least, 0.0) - 1e-12).all()


def test_an_option_is_as_likely_as_it_wins_among_draws() -> None:
    mean, deviation = np.array([[1.0, 0.5, 4.0]]), np.array([[1.0, 2.0, 1.0]])
    is_open = np.array([[True, True, False]])
    random = np.random.default_rng(1)
    draws = np.column_stack([random.normal(1, 1, 400_000), random.normal(0.5, 2, 400_000), np.zeros(400_000)])
    won = np.bincount(draws.argmax(axis=1), minlength=3) / 400_000
    result = chances(mean, deviation, is_open, 1e-9)[0]
    assert result[[0, 1, 3]] == pytest.approx(won, abs=0.02)  # a step at zero is what the quadrature is worst at
    assert result[2] == 0


def test_draws_are_as_frequent_as_their_chances_say(make_candidates: MakeCandidates, snapshot: date) -> None:
    """Over users and salts, for two kinds of users of whom other options are open."""
    kinds: list[dict[str, Any]] = [{}, {"hindrance_call": "no_consent"}]
    candidates = make_candidates(*(kind for kind in kinds for _ in range(300)))
    effects = measured(candidates, 1.0, 4.0)
    counts: list[Counter[str]] = [Counter(), Counter()]
    stated: list[dict[str, float]] = [{}, {}]
    for seed in range(12):
        decided = decide(candidates, settings(salt=f"s{seed}"), snapshot, measured=effects)
        ledger = {row["user_id"]: row for row in decided.ledger.iter_rows(named=True)}
        for row in decided.sampled.iter_rows(named=True):
            kind = int(int(row["user_id"][1:]) >= 300)
            counts[kind][row["treatment"]] += 1
            stated[kind] |= dict(zip(row["treatments"], row["chances"], strict=True))
            made = ledger[row["user_id"]]
            assert (made["arm"], made["propensity"]) == (row["treatment"], row["propensity"])
            assert made["is_exploration"]
            assert not made["is_holdout"]
    for kind, chances_of in enumerate(stated):
        draws = counts[kind].total()
        assert draws == pytest.approx(12 * 300 * 0.9 * 0.5, rel=0.1)
        assert set(counts[kind]) == set(chances_of)
        for name, chance in chances_of.items():
            error = np.sqrt(chance * (1 - chance) / draws)
            assert counts[kind][name] / draws == pytest.approx(chance, abs=4.5 * error), (kind, name)
    assert "call" not in stated[1]


def test_what_is_known_to_earn_more_is_given_more_and_nothing_below_the_floor(
    make_candidates: MakeCandidates, snapshot: date
) -> None:
    candidates = make_candidates({})

    def chance(effect: float, error: float) -> float:
        known = measured(candidates, effect, error)
        decided = decide(candidates, settings(sampled_share=1.0, holdout_share=0.0), snapshot, measured=known)
        row = decided.sampled.row(0, named=True)
        return dict(zip(row["treatments"], row["chances"], strict=True))["coupon"]

    assert chance(-9.0, 0.1) == pytest.approx(FLOOR / 3, abs=1e-6)
    assert chance(-9.0, 0.1) < chance(1.0, 5.0) < chance(30.0, 0.1)
    assert chance(60.0, 0.1) == pytest.approx(1 - FLOOR + FLOOR / 3, abs=0.02)


def test_beliefs_begin_with_the_assumption_and_end_with_what_was_measured(
    make_candidates: MakeCandidates, snapshot: date
) -> None:
    from churn_assets.decisions.options import gains, options_of  # noqa: PLC0415 - beside what they are held against

    candidates, chosen = make_candidates({}, {}), settings()
    options = options_of(chosen)
    assumed = gains(candidates, options, chosen)
    mean, deviation = beliefs(candidates, options, assumed, None)
    assert mean[0].tolist() == pytest.approx([10.0 - 2.0, 10.0 - 5.0])
    assert deviation[0].tolist() == pytest.approx([10.0, 10.0])
    mean, deviation = beliefs(candidates, options, assumed, measured(candidates, -1.0, 0.01))
    assert mean[:, 0].tolist() == pytest.approx([-1.0, -1.0], abs=1e-3)
    assert deviation[:, 0].tolist() == pytest.approx([0.01, 0.01], rel=1e-3)
    assert mean[0, 1] == pytest.approx(5.0), "nothing was measured of calls"


@hypothesis_settings(max_examples=25, deadline=None)
@given(
    number=st.integers(1, 40), budget=st.integers(0, 8_000).map(lambda cents: cents / 100),
    shares=st.tuples(*(st.sampled_from([0.0, 0.3, 1.0]),) * 4), places=st.integers(0, 9), salt=st.text(max_size=3),
)  # fmt: skip
def test_limits_are_kept_beside_the_other_sides(
    make_candidates: MakeCandidates, snapshot: date, number: int, budget: float, shares: tuple[float, ...],
    places: int, salt: str,
) -> None:  # fmt: skip
    sampled, limit, random, random_limit = shares
    chosen = settings(
        sampled_share=sampled, sampled_limit_share=limit, random_share=random, random_limit_share=random_limit,
        budget_amount=budget, usual_share=0.3, channel_capacities={"call": places}, salt=f"x{salt}",
    )  # fmt: skip
    decided = decide(make_candidates(*({} for _ in range(number))), chosen, snapshot)
    spent = sum((COSTS[arm] for arm in decided.ledger["arm"]), Decimal(0))
    assert spent <= Decimal(str(budget))
    assert (decided.ledger["arm"] == "call").sum() <= places
    own = sum((COSTS[arm] for arm in decided.sampled["treatment"]), Decimal(0))
    assert own <= Decimal(str(budget)) * Decimal(str(limit))
    assert not set(decided.sampled["user_id"]) & set(decided.random_side["user_id"])
    assert not set(decided.sampled["user_id"]) & set(decided.sides["user_id"])


def test_draws_become_campaigns_with_the_chances_of_each_user(make_candidates: MakeCandidates, snapshot: date) -> None:
    candidates = make_candidates(*({} for _ in range(200)))
    decided = decide(candidates, settings(), snapshot, measured=measured(candidates, 1.0, 4.0))
    assigned = sampled_assignments(decided.sampled)
    assert set(assigned["campaign"].str.split("/").list.slice(1).list.join("/")) == {"sampled/call", "sampled/coupon"}
    coupon = assigned.filter(pl.col("campaign").str.ends_with("coupon"))
    by_side = dict(coupon.group_by("arm").agg(pl.col("propensity").first()).iter_rows())
    assert sum(by_side.values()) == pytest.approx(1)
    row = decided.sampled.row(0, named=True)
    chance = dict(zip(row["treatments"], row["chances"], strict=True))
    assert by_side["coupon"] == pytest.approx(chance["coupon"] / (chance["coupon"] + chance["none"]))
    assert not set(assigned["user_id"]) & set(ledger_assignments(decided.ledger)["user_id"])
    assert sampled_assignments(SampledOptions.empty()).is_empty()


def test_it_is_off_with_one_setting_and_then_the_plan_is_what_it_was(
    make_candidates: MakeCandidates, snapshot: date
) -> None:
    candidates = make_candidates(*({} for _ in range(60)))
    off = settings(sampled_share=0.0)
    assert decide(candidates, off, snapshot).sampled.is_empty()
    assert policy_version(plain(sampled_share=0.1)) != policy_version(plain())
