"""Two models on the same users: intervals are right as often as they say, and small segments do not count."""

import numpy as np
import polars as pl
from scipy.special import expit

from churn_assets.model.duel import paired_gain, worst_segment


def test_intervals_cover_no_difference_as_often_as_they_say() -> None:
    """Two models with noise of the same size: 5 % of 400 intervals miss zero, 20 +- 4 of them."""
    random = np.random.default_rng(11)
    missed = 0
    for _ in range(400):
        z = random.normal(0, 1, 800)
        y = random.random(800) < expit(z)
        gain = paired_gain(y, expit(z + random.normal(0, 0.3, 800)), expit(z + random.normal(0, 0.3, 800)))
        missed += not gain.low <= 0 <= gain.high
    assert 8 <= missed <= 34


def test_equal_predictions_gain_nothing() -> None:
    p = np.array([0.2, 0.7])
    gain = paired_gain(np.array([True, False]), p, p)
    assert (gain.low, gain.mean, gain.high) == (0, 0, 0)


def test_small_segments_do_not_count() -> None:
    random = np.random.default_rng(3)
    y = random.random(300) < 0.5
    rows = pl.DataFrame({"orders_count": [2] * 300, "recency_days": [10.0] * 300, "tenure_days": [400.0] * 300})
    p = np.full(300, 0.5)
    name, gain = worst_segment(rows, y, p, p)
    assert name == "bought_again"
    assert gain is not None
    assert worst_segment(rows.head(50), y[:50], p[:50], p[:50]) == (None, None)
