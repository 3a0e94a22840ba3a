"""How much the trees count: learned from others' rows, a half where nothing else is better, and both halves add up."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

from churn_assets.contracts.feature import Feature
from churn_assets.model.blend import EQUAL_SHARE, LEAST_GAIN, SHARES, Blend, blended, cross_blended, learned_share
from churn_assets.model.boosting import BoostedTrees
from churn_assets.model.calibration import first_half, fit_calibrator
from churn_assets.model.evaluation import log_loss
from churn_assets.model.logistic import fit_logistic
from churn_assets.model.training import TrainedModel
from tests.unit.model.conftest import TREATMENTS

MakeTraining = Callable[..., pl.DataFrame]
USERS = 4_000
RANDOM = np.random.default_rng(3)
TRUTH, NOISE, OTHER_NOISE = (RANDOM.normal(0, 1.2, USERS) for _ in range(3))
IS_CHURNED = RANDOM.random(USERS) < expit(TRUTH)
IDS = np.array([f"u{number:04d}" for number in range(USERS)])


@pytest.mark.parametrize(("trees", "logistic", "share"), [(TRUTH, NOISE, 1.0), (NOISE, TRUTH, 0.0)])
def test_the_half_that_is_not_noise_has_it_all(trees: np.ndarray, logistic: np.ndarray, share: float) -> None:
    assert learned_share(IS_CHURNED, trees, logistic) == share


def test_halves_that_say_the_same_have_half_each() -> None:
    assert learned_share(IS_CHURNED, TRUTH, TRUTH) == EQUAL_SHARE
    assert learned_share(IS_CHURNED, NOISE, NOISE) == EQUAL_SHARE


def test_halves_that_err_alike_and_apart_have_half_each() -> None:
    """Each is the truth and an error of its own of the same size; another share is better by chance at most."""
    assert learned_share(IS_CHURNED, TRUTH + NOISE, TRUTH + OTHER_NOISE) == EQUAL_SHARE


def test_the_surer_half_has_more_and_not_all() -> None:
    """Errors of 0.6 and 1.2: by their variances the surer one counts four times as much."""
    assert learned_share(IS_CHURNED, TRUTH + NOISE / 2, TRUTH + OTHER_NOISE) == pytest.approx(0.8, abs=0.11)
    assert learned_share(IS_CHURNED, TRUTH + NOISE, TRUTH + OTHER_NOISE / 2) == pytest.approx(0.2, abs=0.11)


@pytest.mark.parametrize(("error", "is_enough"), [(0.85, False), (0.4, True)])
def test_another_share_than_a_half_must_be_better_by_more_than_chance(error: float, *, is_enough: bool) -> None:
    """In a plain loop over the shares: the best one, where its calibrated log-loss is lower by LEAST_GAIN."""
    trees, logistic = TRUTH + error * NOISE, TRUTH + OTHER_NOISE
    losses = {}
    for share in SHARES:
        log_odds = share * trees + (1 - share) * logistic
        losses[share] = log_loss(IS_CHURNED, fit_calibrator(IS_CHURNED, log_odds).probability(log_odds))
    best = min(losses, key=lambda each: losses[each])
    assert best > EQUAL_SHARE
    assert (losses[EQUAL_SHARE] - losses[best] > LEAST_GAIN) == is_enough
    assert learned_share(IS_CHURNED, trees, logistic) == (best if is_enough else EQUAL_SHARE)


@settings(max_examples=6)
@given(seed=st.integers(0, 10**6), errors=st.tuples(st.floats(0, 3), st.floats(0, 3)), rows=st.integers(40, 200))
def test_halves_that_change_places_change_shares(seed: int, errors: tuple[float, float], rows: int) -> None:
    random = np.random.default_rng(seed)
    truth = random.normal(0, 1, rows)
    y = random.random(rows) < expit(truth)
    ours, theirs = (truth + random.normal(0, 1, rows) * error for error in errors)
    share = learned_share(y, ours, theirs)
    assert share in SHARES
    assert learned_share(y, theirs, ours) == pytest.approx(1 - share)


@settings(max_examples=6)
@given(seed=st.integers(0, 10**6), flipped=st.floats(0.2, 1), is_first=st.booleans())
def test_no_label_changes_what_is_said_of_its_own_half(seed: int, flipped: float, *, is_first: bool) -> None:
    random, some = np.random.default_rng(seed), slice(0, 400)
    y, trees, logistic, ids = IS_CHURNED[some], TRUTH[some], NOISE[some], IDS[some]
    half = first_half(ids) == is_first
    turned = y ^ (half & (random.random(y.size) < flipped))
    before, after = (cross_blended(labels, trees, logistic, ids) for labels in (y, turned))
    np.testing.assert_array_equal(after[half], before[half])


def test_labels_of_one_half_do_change_what_is_said_of_the_other() -> None:
    """Else the test above could not fail: where labels of one half follow the noise, the other half is noise."""
    half = first_half(IDS)
    turned = np.where(half, RANDOM.random(USERS) < expit(NOISE), IS_CHURNED)
    found = cross_blended(turned, TRUTH, NOISE, IDS)
    np.testing.assert_array_equal(found[~half], NOISE[~half])
    np.testing.assert_array_equal(found[half], TRUTH[half])


def test_each_half_is_blended_with_the_share_of_the_other() -> None:
    trees, logistic, half = TRUTH + NOISE / 2, TRUTH + OTHER_NOISE, first_half(IDS)
    found = cross_blended(IS_CHURNED, trees, logistic, IDS)
    for inside in (half, ~half):
        share = learned_share(IS_CHURNED[~inside], trees[~inside], logistic[~inside])
        np.testing.assert_array_equal(found[inside], share * trees[inside] + (1 - share) * logistic[inside])


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_a_blend_adds_up_by_its_shares(
    share: float,
    trained: TrainedModel,
    make_training: MakeTraining,
    features: list[Feature],
    scoring_frame: pl.DataFrame,
) -> None:
    """Columns of the trees come first, then those that only the regression knows."""
    assert trained.model is not None
    trees = trained.model.fitted
    assert isinstance(trees, BoostedTrees)
    logistic = fit_logistic(make_training(400, 2), [f for f in features if f.name != "rating_mean"], TREATMENTS)
    blend = Blend(trees, logistic, share)
    assert blend.columns == (*trees.columns, "age_years")
    assert "rating_mean" not in logistic.columns
    log_odds = blend.log_odds(scoring_frame)
    parts = trees.log_odds(scoring_frame), logistic.log_odds(scoring_frame)
    np.testing.assert_allclose(log_odds, blended(*parts, share))
    assert log_odds == pytest.approx(share * parts[0] + (1 - share) * parts[1])
    contributions = blend.contributions(scoring_frame)
    rest = log_odds - contributions.sum(axis=1)
    assert rest == pytest.approx([rest[0]] * scoring_frame.height, abs=1e-6)
    place = blend.columns.index("age_years")
    alone = logistic.contributions(scoring_frame)[:, logistic.columns.index("age_years")]
    assert contributions[:, place] == pytest.approx((1 - share) * alone)
