"""The index by hand, its bins, and how often chance alone exceeds the critical value: simulated at four sizes.

Where features are continuous, bins end at deciles of the reference, so its counts are fixed and the shares that the
population has in them vary: spacings of a sample, Dirichlet distributed whatever the feature. So a family of features
is drawn exactly and without drawing a row, at any size.
"""

from __future__ import annotations

from math import log

import numpy as np
import pytest
from scipy.stats import chi2

from churn_assets.model.matrix import Floats
from churn_assets.monitoring.bins import bin_counts, group_counts
from churn_assets.monitoring.psi import psi, psi_critical

NAN = float("nan")
FALSE_ALARMS = 0.01
FAMILIES, FEATURES = 10_000, 20
SIZES = [1_000, 10_000, 100_000, 1_000_000]


def counts(reference: list[float], current: list[float]) -> tuple[list[float], list[float]]:
    found = bin_counts(np.array(reference), np.array(current))
    return found[0].tolist(), found[1].tolist()


def test_by_hand() -> None:
    """Halves became a quarter and three quarters: -1/4 ln 1/2 + 1/4 ln 3/2 = 1/4 ln 3."""
    assert psi(np.array([50.0, 50.0]), np.array([10.0, 30.0])) == pytest.approx(log(3) / 4, rel=1e-14)


def test_it_is_zero_for_equal_shares_and_the_same_both_ways() -> None:
    few, many = np.array([3.0, 5.0, 2.0]), np.array([60.0, 20.0, 20.0])
    assert psi(few, 10 * few) == pytest.approx(0, abs=1e-15)
    assert psi(few, many) == pytest.approx(psi(many, few), rel=1e-14)


def test_an_empty_bin_is_half_a_user_and_one_empty_on_both_sides_is_none() -> None:
    by_hand = (0.5 - 200 / 201) * log(0.5 / (200 / 201)) + (0.5 - 1 / 201) * log(0.5 / (1 / 201))
    assert psi(np.array([100.0, 0.0, 0.0]), np.array([50.0, 50.0, 0.0])) == pytest.approx(by_hand, rel=1e-14)
    assert psi(np.array([7.0, 0.0]), np.array([9.0, 0.0])) == 0


def test_the_critical_value_is_that_of_chi_square_scaled_by_the_users() -> None:
    critical = psi_critical(1_000, 4_000, 10, false_alarm_share=0.001)
    assert critical == pytest.approx((1 / 1_000 + 1 / 4_000) * chi2.ppf(0.999, 9), rel=1e-9)
    assert psi_critical(1_000, 4_000, 1, false_alarm_share=0.001) == 0


def test_bins_end_at_quantiles_of_the_reference_and_the_unknown_is_a_bin() -> None:
    assert counts([1, 2, 3, 4, NAN], [0, 2, 2.4, 2.6, 9, 9, NAN, NAN]) == ([2, 2, 1], [3, 3, 2])


def test_deciles_for_a_thousand_users_and_fewer_bins_for_fewer() -> None:
    def bins(reference: int, current: int) -> int:
        found = bin_counts(np.arange(float(reference)), np.arange(float(current)))
        return found[0].size - 1

    assert [bins(5_000, 1_000), bins(450, 5_000), bins(50, 50)] == [10, 4, 2]


def test_each_decile_has_its_tenth_where_no_value_repeats() -> None:
    values = np.random.default_rng(3).normal(size=5_000)
    assert bin_counts(values, values)[0].tolist() == [500.0] * 10 + [0.0]


def test_a_value_of_several_deciles_is_a_bin_of_its_own() -> None:
    """Zero for most: fewer zeros and more below them are seen, though all deciles but one are zero."""
    reference = [0.0] * 1_800 + [5.0] * 200
    current = [-9.0] * 100 + [0.0] * 1_600 + [5.0] * 300
    assert counts(reference, current) == ([0, 1_800, 200, 0], [100, 1_600, 300, 0])


def test_codes_that_moved_a_little_stay_in_their_bins() -> None:
    """Shares of users by which three channels are coded, a week later."""
    reference = [0.2] * 200 + [0.3] * 300 + [0.5] * 500
    current = [0.203] * 200 + [0.295] * 300 + [0.502] * 500
    found = bin_counts(np.array(reference), np.array(current))
    assert [side[side > 0].tolist() for side in found] == [[200, 300, 500]] * 2


@pytest.mark.parametrize(
    ("reference", "current", "expected"),
    [
        ([1] * 300, [1] * 300, ([0, 300, 0, 0], [0, 300, 0, 0])),
        ([1] * 300, [0] * 100 + [1] * 100 + [2] * 100, ([0, 300, 0, 0], [100, 100, 100, 0])),
        ([NAN, NAN], [1, 2, NAN], ([0, 2], [2, 1])),
        ([1, 2], [NAN, NAN], ([1, 1, 0], [0, 0, 2])),
    ],
)
def test_constant_and_unknown_columns(
    reference: list[float], current: list[float], expected: tuple[list[float], list[float]]
) -> None:
    assert counts(reference, current) == expected


def test_a_column_that_was_constant_and_is_no_longer_has_drifted() -> None:
    reference, current = np.ones(2_000), np.append(np.ones(1_000), np.zeros(1_000))
    found = bin_counts(reference, current)
    assert psi(*found) > psi_critical(2_000, 2_000, 2, false_alarm_share=1e-6)


def continuous(random: np.random.Generator, n: int, m: int) -> tuple[Floats, Floats]:
    """Counts per decile of families of unchanged features, see above."""
    reference = np.full(10, n / 10)
    shares = random.dirichlet(reference + np.eye(10)[-1], size=(FAMILIES, FEATURES))
    return np.broadcast_to(reference, shares.shape), random.multinomial(m, shares).astype(float)


def exceeding(reference: Floats, current: Floats, n: int, m: int) -> float:
    """Share of families in which any feature exceeds its critical value."""
    critical = psi_critical(n, m, reference.shape[-1], false_alarm_share=FALSE_ALARMS / FEATURES)
    return float((psi(reference, current) > critical).any(axis=1).mean())


@pytest.mark.parametrize("users", SIZES)
def test_one_family_in_a_hundred_of_unchanged_features_exceeds_it(users: int) -> None:
    """Of 10,000 families: 0.6 to 1.4 %, four standard errors. Measured 0.9 to 1.2 % at each size."""
    assert 0.006 < exceeding(*continuous(np.random.default_rng(users), users, users), users, users) < 0.014


@pytest.mark.parametrize(("n", "m"), [(1_000, 1_000_000), (1_000_000, 1_000)])
def test_so_it_is_where_one_side_is_much_larger(n: int, m: int) -> None:
    assert 0.006 < exceeding(*continuous(np.random.default_rng(1), n, m), n, m) < 0.014


def test_bins_of_ten_users_exceed_it_more_often_but_are_never_large() -> None:
    """What the approximation does not hold for: a flag that one user in a hundred has, in a shop of a thousand."""
    random, shares = np.random.default_rng(2), [0.01, 0.99]
    reference, current = (random.multinomial(1_000, shares, (FAMILIES, FEATURES)).astype(float) for _ in range(2))
    assert 0.014 < exceeding(reference, current, 1_000, 1_000) < 0.04
    assert psi(reference, current).max() < 0.1


@pytest.mark.parametrize("users", SIZES)
def test_a_shift_is_beyond_chance_at_each_size(users: int) -> None:
    """Two thirds of the users of the lowest decile moved to the highest: PSI 0.107, and what chance adds to it."""
    random, before = np.random.default_rng(users), np.full(10, 0.1)
    after = before + (np.eye(10)[-1] - np.eye(10)[0]) / 15
    reference, current = (random.multinomial(users, shares, 2_000).astype(float) for shares in (before, after))
    found = psi(reference, current)
    critical = psi_critical(users, users, 10, false_alarm_share=FALSE_ALARMS / FEATURES)
    assert (found > critical).mean() > 0.98
    assert found.mean() == pytest.approx(0.107 + 9 * 2 / users, abs=0.003)


def test_bins_of_several_groups_end_at_quantiles_of_all_but_the_last() -> None:
    """Halves of 1 to 6 (150 users, fewer than 100 to a third): what the last group alone holds lies at the ends."""
    low, high = np.repeat([1.0, 2.0, 3.0], 50), np.repeat([4.0, 5.0, 6.0], 50)
    last = np.repeat([100.0, -100.0, NAN], 50)
    assert group_counts([low, high, last]).tolist() == [[150, 0, 0], [0, 150, 0], [50, 50, 50]]


def test_groups_in_which_all_is_unknown_have_one_bin_for_the_known() -> None:
    unknown, known = np.full(300, NAN), np.arange(300.0)
    assert group_counts([unknown, unknown, known]).tolist() == [[0, 300], [0, 300], [300, 0]]
