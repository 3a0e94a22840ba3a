from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, logit
from scipy.stats import rankdata

from churn_assets.model.calibration import MIN_SLOPE, Calibrator, cross_calibrated, ece, fit_calibrator


def outcomes(rows: int, slope: float, intercept: float) -> tuple[np.ndarray, np.ndarray]:
    """Log-odds z, and outcomes drawn with the true probability expit(slope z + intercept)."""
    random = np.random.default_rng(3)
    z = random.normal(0, 1.5, rows)
    return random.random(rows) < expit(slope * z + intercept), z


def test_the_true_distortion_is_found() -> None:
    calibrator = fit_calibrator(*outcomes(40_000, slope=0.6, intercept=-0.8))
    assert (calibrator.slope, calibrator.intercept) == pytest.approx((0.6, -0.8), abs=0.04)


@given(st.floats(0.02, 0.98), st.floats(0.1, 3), st.floats(-4, 4))
@settings(max_examples=30)
def test_an_intercept_gives_the_mean_asked_for(mean: float, slope: float, intercept: float) -> None:
    z = outcomes(500, slope=1.0, intercept=0.0)[1]
    found = Calibrator(slope, intercept).with_mean(z, mean)
    assert found.slope == slope
    assert found.probability(z).mean() == pytest.approx(mean, abs=1e-8)


@given(st.floats(0.1, 3), st.floats(-4, 4), st.floats(-3, 3))
@settings(max_examples=30)
def test_a_shift_moves_the_log_odds_of_every_user_by_itself(slope: float, intercept: float, shift: float) -> None:
    """Of each user, not of their mean: a level of the season is one of log-odds."""
    z = outcomes(50, slope=1.0, intercept=0.0)[1]
    before = Calibrator(slope, round(intercept, 10))
    after = before.moved(shift)
    assert logit(after.probability(z)) - logit(before.probability(z)) == pytest.approx([shift] * z.size, abs=1e-6)
    assert after.slope == before.slope
    assert before.moved(0.0) == before


def test_a_model_that_ranks_backwards_keeps_its_ranks() -> None:
    y, z = outcomes(2_000, slope=-1.0, intercept=0.0)
    calibrator = fit_calibrator(y, z)
    assert calibrator.slope == MIN_SLOPE
    np.testing.assert_array_equal(rankdata(calibrator.probability(z)), rankdata(z))


def test_perfect_separation_stays_finite() -> None:
    z = np.array([-2.0, -1.0, 1.0, 2.0])
    assert fit_calibrator(z > 0, z).slope < 50


def test_calibration_lowers_the_error_on_other_rows() -> None:
    y, z = outcomes(20_000, slope=0.5, intercept=1.0)
    calibrator = fit_calibrator(y[:10_000], z[:10_000])
    assert ece(y[10_000:], expit(z[10_000:])) > 0.1
    assert ece(y[10_000:], calibrator.probability(z[10_000:])) < 0.02


def test_ece_of_a_hand_made_case() -> None:
    y = np.array([True, False, True, True])
    p = np.array([0.05, 0.05, 0.95, 1.0])  # bins 0 and 9: |0.5 - 0.05| and |1 - 0.975|
    assert ece(y, p) == pytest.approx(0.5 * 0.45 + 0.5 * 0.025)


@settings(deadline=None)  # the first call pays for imports
@given(st.lists(st.tuples(st.booleans(), st.floats(0, 1)), min_size=1, max_size=50))
def test_ece_is_a_share_and_zero_for_the_truth(rows: list[tuple[bool, float]]) -> None:
    y, p = np.array([row[0] for row in rows]), np.array([row[1] for row in rows])
    assert 0 <= ece(y, p) <= 1
    assert ece(y, y.astype(np.float64)) == 0


def test_no_row_is_calibrated_by_its_own_half() -> None:
    y, z = outcomes(400, slope=1.0, intercept=0.0)
    ids = np.array([f"u{i}" for i in range(400)])
    before = cross_calibrated(y, z, ids)
    y[0] = ~y[0]
    after = cross_calibrated(y, z, ids)
    changed = before != after
    assert not changed[0]
    assert 100 < changed.sum() < 300
    assert Calibrator().probability(z) == pytest.approx(expit(z))
