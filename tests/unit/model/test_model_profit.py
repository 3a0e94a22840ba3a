"""Profit of a ranking: held against integration by steps, worked figures, and the package of the measure's authors."""

from __future__ import annotations

import numpy as np
import pytest
from empulse.metrics import empc_score
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import beta

from churn_assets.model.expected_profit import expected_maximum_profit
from churn_assets.model.profit import best_threshold, break_even, profit_curve, profit_of
from churn_assets.settings import Profit, Settings

PUBLISHED = Profit()
CHEAP = Profit(
    user_value_amount=80, contact_cost_amount=0.5, offer_cost_amount=20, acceptance_alpha=2, acceptance_beta=3
)


def case(rows: int, seed: int, base_rate: float = 0.3, skill: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    y = random.random(rows) < base_rate
    y[:2] = [True, False]
    return y, (1 / (1 + np.exp(-(skill * y + random.normal(size=rows))))).round(2)  # rounded: many ties


def by_steps(y: np.ndarray, p: np.ndarray, s: Profit, steps: int = 20_000) -> float:
    """The definition itself: the best of all thresholds for each acceptance, averaged over its distribution."""
    g = (np.arange(steps) + 0.5) / steps
    cuts = [np.inf, *np.unique(p)]
    churners = np.array([(y & (p >= cut)).sum() for cut in cuts])
    stayers = np.array([(~y & (p >= cut)).sum() for cut in cuts])
    earned = g[:, None] * (s.user_value_amount - s.offer_cost_amount) - s.contact_cost_amount
    amounts = earned * churners - (s.offer_cost_amount + s.contact_cost_amount) * stayers
    density = beta.pdf(g, s.acceptance_alpha, s.acceptance_beta)
    return float((amounts.max(axis=1) * density).mean() / y.size)


@given(rows=st.integers(10, 200), seed=st.integers(0, 500), base_rate=st.floats(0.02, 0.9), skill=st.floats(-1, 3))
def test_the_closed_form_is_the_integral(rows: int, seed: int, base_rate: float, skill: float) -> None:
    y, p = case(rows, seed, base_rate, skill)
    for settings in (PUBLISHED, CHEAP):
        assert expected_maximum_profit(y, p, settings)[0] == pytest.approx(by_steps(y, p, settings), abs=2e-4)


@given(rows=st.integers(10, 400), seed=st.integers(0, 500), base_rate=st.floats(0.02, 0.9))
def test_the_authors_package_says_the_same(rows: int, seed: int, base_rate: float) -> None:
    y, p = case(rows, seed, base_rate)
    for s in (PUBLISHED, CHEAP):
        theirs = empc_score(
            y.astype(int), p, alpha=s.acceptance_alpha, beta=s.acceptance_beta, clv=s.user_value_amount,
            incentive_cost=s.offer_cost_amount, contact_cost=s.contact_cost_amount,
        )  # fmt: skip
        assert expected_maximum_profit(y, p, s)[0] == pytest.approx(theirs, abs=1e-6)


def test_a_perfect_ranking_earns_what_all_leavers_do() -> None:
    y = np.array([True] * 30 + [False] * 70)
    amount, share = expected_maximum_profit(y, y.astype(float), PUBLISHED)
    assert amount == pytest.approx(0.3 * (0.3 * 190 - 1), abs=1e-4)  # 30 % leave, 0.3 accept, 200 less 10, less 1
    assert share == pytest.approx(0.3, abs=1e-3)


def test_the_order_of_rows_changes_nothing() -> None:
    y, p = case(300, 4)
    order = np.random.default_rng(1).permutation(300)
    assert expected_maximum_profit(y, p, PUBLISHED) == expected_maximum_profit(y[order], p[order], PUBLISHED)
    assert best_threshold(y, p, PUBLISHED) == best_threshold(y[order], p[order], PUBLISHED)


def test_the_best_threshold_earns_more_than_any_other() -> None:
    y, p = case(500, 2, 0.1)
    best = profit_of(y, p >= best_threshold(y, p, PUBLISHED), PUBLISHED)
    assert best == pytest.approx(max(profit_of(y, p >= cut, PUBLISHED) for cut in np.unique(p)))
    assert best == pytest.approx(profit_curve(y, p, PUBLISHED)[1].max())
    assert best < expected_maximum_profit(y, p, PUBLISHED)[0]  # which may move its threshold with the acceptance


def test_where_nothing_pays_nobody_is_flagged() -> None:
    y, p = case(50, 1)
    dear = Profit(contact_cost_amount=180)  # pays from an acceptance of 0.95
    assert (break_even(dear), best_threshold(y, p, dear)) == (1.0, 1.0)
    assert expected_maximum_profit(y, p, dear)[0] < 1e-3


def test_break_even_is_where_gain_and_loss_meet() -> None:
    p = break_even(PUBLISHED)
    assert p * (0.3 * 190 - 1) == pytest.approx((1 - p) * 11)


def test_an_offer_that_eats_the_value_is_refused() -> None:
    with pytest.raises(ValueError, match=r"offer_cost_amount 200\.0 eats user_value_amount"):
        Settings(profit={"offer_cost_amount": 200})  # type: ignore[arg-type]
