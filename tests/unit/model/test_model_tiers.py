"""Tiers are of money and of what is usual for a user: absolute, so that alarms rise where risks do."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from churn_assets.contracts.warned_churners import WarnedChurners
from churn_assets.model.tiers import risk_tiers, stake_amount, usual_probability, warned_churners
from churn_assets.settings import Scoring

share = st.floats(0.001, 0.999)


@given(st.lists(st.tuples(share, share, st.floats(0.01, 1e4)), min_size=1, max_size=30), st.floats(0.01, 1e4))
def test_money_decides_on_the_alarm_and_the_own_rhythm_on_its_kind(
    users: list[tuple[float, float, float]], stake: float
) -> None:
    probability, usual, losses = (np.array(column) for column in zip(*users, strict=True))
    for tier, p, u, loss in zip(
        risk_tiers(probability, usual, losses, stake=stake, rise_ratio=2.0), probability, usual, losses, strict=True
    ):
        assert (tier == "small") == (loss < stake)
        if loss >= stake:
            assert (tier == "urgent") == (p / (1 - p) >= 2 * (u / (1 - u)))


def test_the_worth_of_an_alarm_is_a_sum_of_money_so_alarms_rise_with_risk() -> None:
    then = np.arange(1.0, 101.0)
    stake = stake_amount(then, Scoring(alarm_share=0.3))
    assert (then >= stake).mean() == pytest.approx(0.3)
    assert (then * 1.5 >= stake).mean() > 0.5
    assert (then * 0.5 >= stake).mean() == 0
    assert stake_amount(then, Scoring(stake_amount=12.5)) == 12.5


@pytest.mark.parametrize("users", [1, 3, 500])
def test_where_everything_was_free_or_sent_back_nobody_has_an_alarm(users: int) -> None:
    losses = np.full(users, 0.01 * 0.8)  # the least that a user is worth, times the probability
    stake = stake_amount(losses, Scoring())
    certain, usual = np.full(users, 0.8), np.full(users, 0.1)
    assert set(risk_tiers(certain, usual, losses, stake=stake, rise_ratio=2.0)) == {"small"}


@pytest.mark.parametrize("users", [1, 3, 500])
def test_equal_losses_have_an_alarm_together(users: int) -> None:
    losses, probability = np.full(users, 40.0), np.full(users, 0.5)
    tiers = risk_tiers(probability, probability, losses, stake=stake_amount(losses, Scoring()), rise_ratio=2.0)
    assert set(tiers) == {"watch"}


def buyers(*rows: tuple[int, int, float]) -> pl.DataFrame:
    names = ["purchase_days_count", "first_purchase_days", "recency_days"]
    return pl.DataFrame(rows, schema=names, orient="row").with_row_index("user_id")


def test_usual_is_the_own_rhythm_and_no_matter_how_long_the_pause_is() -> None:
    weekly, monthly, once = (50, 350, 3.0), (12, 350, 20.0), (1, 350, 350.0)
    users = buyers(*[weekly, monthly, once] * 40, (50, 350, 100.0))
    usual = usual_probability(users, horizon_days=28)
    assert usual[0] < usual[1] < usual[2]
    assert usual[0] < 0.1
    assert usual[2] > 0.6
    assert usual[-1] == usual[0], "a pause is no rhythm"


def test_where_nobody_bought_twice_there_is_no_rhythm() -> None:
    assert usual_probability(buyers(*[(1, 100, 50.0)] * 20), horizon_days=28).tolist() == [0.5] * 20


def test_churners_warned_are_counted_by_hand() -> None:
    tiers = pl.Series(["urgent", "urgent", "watch", "small", "small"])
    is_churned = np.array([True, False, True, True, False])
    table = warned_churners(
        tiers,
        is_churned,
        np.array([100.0, 50.0, 60.0, 40.0, 9.0]),
        snapshot=date(2026, 2, 2),
        slice_date=date(2026, 1, 5),
    )
    WarnedChurners.validate(table, lazy=True)
    assert table.select("risk_tier", "users", "churners", "lost_amount", "lost_share").rows() == [
        ("urgent", 2, 1, 100.0, 0.5), ("watch", 1, 1, 60.0, 0.3), ("small", 2, 1, 40.0, 0.2),
    ]  # fmt: skip
