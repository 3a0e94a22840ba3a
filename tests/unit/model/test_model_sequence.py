"""The LSTM reads when something happened, and does so twice alike."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from churn_assets.model.activity import CHANNELS, DAYS, Activity
from churn_assets.model.sequence import fit_sequence

USERS, DAY = 1_000, date(2026, 1, 5)


def test_it_learns_when_something_happened_and_twice_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    """Users active on one day of the window; those of its older half leave. A later slice has other days."""
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    pytest.importorskip("keras", reason="the extra `sequence` is not installed")
    ago = np.random.default_rng(1).integers(1, DAYS + 1, USERS)
    key = {"user_id": [str(user) for user in range(USERS)], "snapshot_date": [DAY] * USERS}
    rows = pl.DataFrame({**key, "is_churned": ago > DAYS // 2})
    cells = pl.DataFrame({**key, "days_ago": ago} | dict.fromkeys(CHANNELS, np.ones(USERS)))
    later = cells.with_columns(snapshot_date=pl.lit(DAY + timedelta(days=28)), days_ago=pl.lit(1, pl.Int64))
    first = fit_sequence(rows, Activity(cells), seed=7).log_odds(rows)
    again = fit_sequence(rows, Activity(pl.concat([later, cells])), seed=7).log_odds(rows)
    np.testing.assert_array_equal(first, again)
    churned = rows["is_churned"].to_numpy()
    assert first[churned].mean() > first[~churned].mean() + 1
