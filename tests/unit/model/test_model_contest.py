"""What holds a challenger up: a segment that it harms does, unless the champion is overdue for renewal."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
import pytest
from scipy.special import expit

from churn_assets.model.contest import Contest
from churn_assets.settings import Training

USERS = 6_000
RANDOM = np.random.default_rng(3)
TRUTH, NOISE = RANDOM.normal(0, 1.5, USERS), RANDOM.normal(0, 1.5, USERS)
BOUGHT_ONCE = np.arange(USERS) < USERS // 4
ROWS = pl.DataFrame(
    {
        "user_id": [f"u{number:04d}" for number in range(USERS)],
        "snapshot_date": [date(2026, 10, 19)] * USERS,
        "is_churned": RANDOM.random(USERS) < expit(TRUTH),
        "orders_count": np.where(BOUGHT_ONCE, 1, 2),
        "recency_days": np.arange(USERS) % 60,
        "tenure_days": np.arange(USERS) % 181,
    }
)
KNOWS_ALL, KNOWS_NOTHING = TRUTH, NOISE
KNOWS_WHO_BOUGHT_ONCE, KNOWS_WHO_BOUGHT_AGAIN = (
    np.where(inside, TRUTH, NOISE) for inside in (BOUGHT_ONCE, ~BOUGHT_ONCE)
)


def failures(champion: np.ndarray, challenger: np.ndarray, *, is_due: bool) -> list[str]:
    log_odds = {"champion": champion, "challenger": challenger, "baseline": KNOWS_NOTHING}
    return Contest(ROWS, log_odds, is_honest=True).verdict(Training(max_ece=1), is_due=is_due)[1]


def test_a_segment_speaks_for_the_champion_until_it_is_due() -> None:
    """The challenger knows three quarters of the users, the champion the quarter that the challenger does not."""
    (failed,) = failures(KNOWS_WHO_BOUGHT_ONCE, KNOWS_WHO_BOUGHT_AGAIN, is_due=False)
    assert failed.startswith("it is worse in the segment bought_once (")
    assert failures(KNOWS_WHO_BOUGHT_ONCE, KNOWS_WHO_BOUGHT_AGAIN, is_due=True) == []


@pytest.mark.parametrize(("is_due", "sentences"), [(False, 2), (True, 1)])
def test_a_challenger_that_is_worse_overall_wins_in_neither_case(is_due: bool, sentences: int) -> None:
    failed = failures(KNOWS_ALL, KNOWS_WHO_BOUGHT_AGAIN, is_due=is_due)
    assert failed[0].startswith("no proven win of the challenger over the champion (log-loss lower by -")
    assert len(failed) == sentences


@pytest.mark.parametrize("is_due", [False, True])
def test_an_equal_challenger_renews_only_what_is_due(is_due: bool) -> None:
    assert (failures(KNOWS_ALL, KNOWS_ALL, is_due=is_due) == []) == is_due


def test_an_overdue_champion_does_not_excuse_one_that_a_logistic_regression_beats() -> None:
    log_odds = {"champion": KNOWS_NOTHING, "challenger": KNOWS_WHO_BOUGHT_ONCE, "baseline": KNOWS_ALL}
    (failed,) = Contest(ROWS, log_odds, is_honest=True).verdict(Training(max_ece=1), is_due=True)[1]
    assert failed.startswith("no proven win of the challenger over the logistic regression (")
