from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score
from sklearn.metrics import log_loss as sklearn_log_loss

from churn_assets.model.evaluation import evaluate


def case(rows: int, seed: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    p = random.random(rows).round(2)  # rounded: many ties
    return random.random(rows) < p, p, np.array([f"u{i:06d}" for i in range(rows)])


@settings(deadline=None)  # the first call pays for imports
@given(rows=st.integers(20, 300), seed=st.integers(0, 1000))
def test_metrics_agree_with_scikit_learn_ties_included(rows: int, seed: int) -> None:
    y, p, ids = case(rows, seed)
    y[:2] = [True, False]
    metrics = evaluate(y, p, ids, seed=1, draws=2)
    assert metrics["auc"] == pytest.approx(roc_auc_score(y, p))
    assert metrics["average_precision"] == pytest.approx(average_precision_score(y, p))
    assert metrics["brier"] == pytest.approx(brier_score_loss(y, p))
    assert metrics["log_loss"] == pytest.approx(sklearn_log_loss(y, np.clip(p, 1e-6, 1 - 1e-6)))


def test_intervals_hold_the_estimate_and_match_the_known_standard_error() -> None:
    y, p, ids = case(2_000)
    m = evaluate(y, p, ids, seed=1)
    assert m["auc_low"] < m["auc"] < m["auc_high"]
    assert m["average_precision_low"] < m["average_precision"] < m["average_precision_high"]
    a, n1, n0 = m["auc"], y.sum(), (~y).sum()  # Hanley and McNeil 1982
    q1, q2 = a / (2 - a), 2 * a * a / (1 + a)
    error = np.sqrt((a * (1 - a) + (n1 - 1) * (q1 - a * a) + (n0 - 1) * (q2 - a * a)) / (n1 * n0))
    assert (m["auc_high"] - m["auc_low"]) / (2 * 1.96) == pytest.approx(error, rel=0.25)


def test_users_are_drawn_not_rows() -> None:
    y, p, ids = case(200)
    copies = tuple(np.tile(column, 9) for column in (y, p, ids))
    once, repeated = evaluate(y, p, ids, seed=1), evaluate(*copies, seed=1)
    assert repeated["auc_low"] == pytest.approx(once["auc_low"])
    assert repeated["auc_high"] == pytest.approx(once["auc_high"])


def test_the_order_of_rows_changes_nothing() -> None:
    y, p, ids = case(500)
    order = np.random.default_rng(2).permutation(500)
    assert evaluate(y, p, ids, seed=1) == evaluate(y[order], p[order], ids[order], seed=1)


def test_lift_is_the_churn_rate_on_top_over_the_rate_of_all() -> None:
    p = np.linspace(1, 0, 20)
    y = np.array([True, True, False, True] + [False] * 16)
    metrics = evaluate(y, p, np.arange(20).astype(np.str_), seed=1)
    assert metrics["lift_5"] == pytest.approx(1 / 0.15)
    assert metrics["lift_10"] == pytest.approx(1 / 0.15)
    assert metrics["lift_20"] == pytest.approx(0.75 / 0.15)


def test_draws_without_a_churner_are_left_out_of_the_interval() -> None:
    p = np.linspace(1, 0, 20)
    metrics = evaluate(p == 1, p, np.arange(20).astype(np.str_), seed=1)
    assert (metrics["auc_low"], metrics["auc"], metrics["auc_high"]) == (1.0, 1.0, 1.0)


def test_one_outcome_only_is_refused() -> None:
    _, p, ids = case(10)
    with pytest.raises(ValueError, match="is_churned holds one outcome only in 10 rows"):
        evaluate(np.ones(10, dtype=bool), p, ids, seed=1)
