"""BG/NBD against the published fit of the CDNOW sample, and against what has to hold for any data."""

from __future__ import annotations

from collections import defaultdict
from datetime import date

import numpy as np
import pytest

from churn_assets.model.bgnbd import BgNbd, fit_bgnbd, log_likelihood
from churn_assets.model.matrix import Floats
from tests.public_data import benchmark_file

END = date(1997, 9, 30)  # of the 39 weeks of calibration
PUBLISHED = BgNbd(r=0.2426, alpha=4.4135, a=0.7929, b=2.4258)
Histories = tuple[Floats, Floats, Floats]


@pytest.fixture(scope="module")
def cdnow() -> Histories:
    """Repeat purchases, week of the last one, weeks observed: of the 2,357 users of the 1/10 sample."""
    days: dict[str, set[date]] = defaultdict(set)
    for line in benchmark_file("CDNOW_sample.txt").read_text().splitlines():
        user, _, day = line.split()[:3]
        days[user].add(date.fromisoformat(day))
    seen = [sorted(day for day in found if day <= END) for found in days.values()]
    rows = [(len(own) - 1, (own[-1] - own[0]).days / 7, (END - own[0]).days / 7) for own in seen]
    x, t_x, observed = np.array(rows, dtype=np.float64).T
    return x, t_x, observed


def test_the_published_fit_of_cdnow(cdnow: Histories) -> None:
    found = fit_bgnbd(*cdnow)
    assert cdnow[0].size == 2357
    assert (found.r, found.alpha, found.a, found.b) == pytest.approx((0.2426, 4.4135, 0.7929, 2.4258), abs=2e-4)
    assert log_likelihood(found, *cdnow) == pytest.approx(-9582.43, abs=0.005)
    assert log_likelihood(found, *cdnow) >= log_likelihood(PUBLISHED, *cdnow)


def test_the_order_of_users_changes_nothing(cdnow: Histories) -> None:
    x, t_x, observed = cdnow
    assert fit_bgnbd(x[::-1], t_x[::-1], observed[::-1]) == fit_bgnbd(*cdnow)


def test_the_published_user_of_cdnow() -> None:
    """Two repeat purchases, the last in week 30.43 of 38.86: 1.226 are expected in the next 39 weeks."""
    user = (np.array([2.0]), np.array([30.43]), np.array([38.86]))
    assert PUBLISHED.expected_purchases(*user, 39.0) == pytest.approx(1.226, abs=5e-4)
    assert PUBLISHED.alive(*user) == pytest.approx(0.7266, abs=5e-4)


def test_parameters_that_made_the_data_are_found_again() -> None:
    truth = BgNbd(r=0.8, alpha=6.0, a=0.7, b=2.5)
    found = fit_bgnbd(*simulate(truth, users=20_000, weeks=52.0))
    assert (found.r, found.alpha, found.a, found.b) == pytest.approx((0.8, 6.0, 0.7, 2.5), rel=0.1)


def simulate(truth: BgNbd, users: int, weeks: float) -> Histories:
    random = np.random.default_rng(3)
    rates = random.gamma(truth.r, 1 / truth.alpha, users)
    leaving = random.beta(truth.a, truth.b, users)
    x, t_x = np.zeros(users), np.zeros(users)
    for user in range(users):
        now = random.exponential(1 / rates[user])
        while now < weeks:
            x[user], t_x[user] = x[user] + 1, now
            if random.random() < leaving[user]:
                break
            now += random.exponential(1 / rates[user])
    return x, t_x, np.full(users, weeks)


def test_who_bought_once_always_reads_alive() -> None:
    assert PUBLISHED.alive(np.zeros(2), np.zeros(2), np.array([1.0, 500.0])).tolist() == [1, 1]


def test_more_is_expected_of_longer_times_and_of_later_purchases() -> None:
    x, observed = np.full(3, 4.0), np.full(3, 40.0)
    recent = PUBLISHED.expected_purchases(x, np.array([5.0, 20.0, 39.0]), observed, 4.0)
    assert list(recent) == sorted(recent)
    user = (np.array([4.0]), np.array([39.0]), np.array([40.0]))
    times = [PUBLISHED.expected_purchases(*user, within)[0] for within in (0.0, 1.0, 4.0, 26.0)]
    assert times == sorted(times)
    assert times[0] == 0


@pytest.mark.parametrize("a", [0.05, 0.9999, 1.0, 1.0001, 3.0])
def test_the_expectation_is_finite_for_thousands_of_purchases_and_at_a_equal_to_one(a: float) -> None:
    x, t_x, observed = np.array([0.0, 5000.0, 5000.0]), np.array([0.0, 10.0, 99.0]), np.full(3, 100.0)
    found = BgNbd(0.3, 5.0, a, 2.0).expected_purchases(x, t_x, observed, 4.0)
    assert np.isfinite(found).all()
    assert (found >= 0).all()
    assert found[1] < found[2]
    beside = BgNbd(0.3, 5.0, a + 0.001, 2.0).expected_purchases(x, t_x, observed, 4.0)
    assert found == pytest.approx(beside, rel=0.02)


def test_without_a_repeat_purchase_there_is_no_rhythm_to_fit() -> None:
    with pytest.raises(ValueError, match="no user has bought on a second day"):
        fit_bgnbd(np.zeros(3), np.zeros(3), np.ones(3))
