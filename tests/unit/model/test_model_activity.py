"""Days become places in an array, and nothing is there where nothing happened."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
import pytest

from churn_assets.model.activity import CHANNELS, DAYS, Activity

DAY = date(2026, 11, 16)
CELLS = pl.DataFrame(
    {"user_id": ["a", "a", "b"], "snapshot_date": [DAY] * 3, "days_ago": [1, DAYS, 2]}
    | {name: [1.0, 0.0, 3.0] for name in CHANNELS}
)


def test_the_day_before_the_snapshot_comes_last() -> None:
    users = pl.DataFrame({"user_id": ["b", "a", "c"], "snapshot_date": [DAY] * 3})
    found = Activity(CELLS).series(users)
    assert found.shape == (3, DAYS, len(CHANNELS))
    assert found[1, -1, 0] == pytest.approx(np.log(2))
    assert found[0, -2, 1] == pytest.approx(np.log(4))
    assert not found[2].any()
    assert np.count_nonzero(found) == 2 * len(CHANNELS)
