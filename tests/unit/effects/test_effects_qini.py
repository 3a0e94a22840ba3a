"""The Qini coefficient of the benchmarks: right on rankings whose worth is known."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.qini import qini

USERS = 20_000


def experiment(seed: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """True effects between -1 and 1, outcomes, and who was treated."""
    random = np.random.default_rng(seed)
    effect = random.uniform(-1, 1, USERS)
    is_treated = random.random(USERS) < 0.5
    return effect, random.normal(0, 1, USERS) + effect * is_treated, is_treated


def test_the_true_effect_is_the_best_ranking_and_its_reverse_the_worst() -> None:
    effect, outcome, is_treated = experiment()
    best, worst = qini(effect, outcome, is_treated), qini(-effect, outcome, is_treated)
    # Of effects uniform on [-1, 1] the first share s has a mean of 1 - s, so the mean height is that of s (1 - s): 1/6.
    assert best.value == pytest.approx(1 / 6, abs=0.02)
    assert best.is_proven
    assert not best.is_harmful
    assert worst.is_harmful
    assert best.top_effect == pytest.approx(0.8, abs=0.07)


def test_intervals_hold_the_truth_as_often_as_stated() -> None:
    proven = covered = 0
    for seed in range(40):
        effect, outcome, is_treated = experiment(seed)
        true = qini(effect[:2_000], outcome[:2_000], is_treated[:2_000])
        covered += true.low < 1 / 6 < true.high
        of = qini(np.random.default_rng(seed + 100).random(USERS)[:2_000], outcome[:2_000], is_treated[:2_000])
        proven += of.is_proven or of.is_harmful
    assert covered >= 34, f"{covered} of 40 intervals held the truth, 38 should"
    assert proven <= 6, f"{proven} of 40 random rankings were called better or worse than chance, 2 should be"


def test_equal_predictions_are_no_ranking() -> None:
    effect, outcome, is_treated = experiment()
    order = np.argsort(-effect)  # the rows themselves are sorted by the truth
    same = qini(np.zeros(USERS), outcome[order], is_treated[order])
    assert not same.is_proven


def test_a_side_without_users_is_refused() -> None:
    with pytest.raises(ValueError, match="treated users and users left alone"):
        qini(np.zeros(3), np.zeros(3), np.ones(3, dtype=bool))
