from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from churn_assets.effects.welch import welch


@pytest.mark.parametrize(("treated", "control", "seed"), [(5, 7, 1), (200, 30, 2), (2, 2, 3)])
def test_agrees_with_scipy(treated: int, control: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    one, other = random.lognormal(1, 1, treated), random.lognormal(0.5, 2, control)

    found = welch(one, other)

    test = stats.ttest_ind(one, other, equal_var=False)
    interval = test.confidence_interval(0.95)
    assert found is not None
    assert found.effect == pytest.approx(one.mean() - other.mean())
    assert (found.low, found.high, found.p_value) == pytest.approx((interval.low, interval.high, test.pvalue))


@pytest.mark.parametrize(
    ("treated", "control"), [([1.0], [1.0, 2.0]), ([1.0, 2.0], []), ([3.0, 3.0], [1.0, 1.0]), ([0.0, 0.0], [0.0, 0.0])]
)
def test_without_spread_there_is_no_interval(treated: list[float], control: list[float]) -> None:
    assert welch(np.array(treated), np.array(control)) is None


def test_interval_covers_the_true_difference_as_often_as_stated() -> None:
    random = np.random.default_rng(5)
    covered = 0
    for _ in range(1_000):
        found = welch(random.normal(1, 3, 40), random.normal(0, 1, 15))
        assert found is not None
        covered += found.low <= 1 <= found.high

    assert 930 <= covered <= 970  # 950 expected, standard deviation 6.9
