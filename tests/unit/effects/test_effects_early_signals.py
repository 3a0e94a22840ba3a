"""Early signals: used where they predict the later effect, and not where they merely move."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

from churn_assets.contracts.early_signals import SIGNALS
from churn_assets.effects.early_signals import FEWEST_CAMPAIGNS, early_signals, slope_of

TODAY, FIRST = date(2026, 6, 1), datetime(2026, 1, 5)


def world(
    seed: int, campaigns: int, *, share_of_visits: float, effects: tuple[float, float] = (0.0, 0.3), users: int = 1_500
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Campaigns whose effect on visits differs, of which `share_of_visits` becomes retention; the last one is open. An
    effect of its own of 5 points is there where visits bring nothing. Carts and clicks say nothing.
    """
    rng = np.random.default_rng(seed)
    young, early = [], []
    for number in range(campaigns + 1):
        treated, lift = rng.random(users) < 0.5, rng.uniform(*effects)
        visits = rng.random(users) < 0.3 + lift * treated
        own = 0.0 if share_of_visits else 0.05
        kept = rng.random(users) < 0.3 + (share_of_visits * lift + own) * treated
        rows = {"campaign": f"c{number:02}", "user_id": [f"u{user}" for user in range(users)]}
        young.append(pl.DataFrame(rows | {
            "treatment": "coupon", "stratum": f"c{number:02}#0", "is_treated": treated, "propensity": 0.5,
            "assigned_at": FIRST + timedelta(weeks=number), "retained": kept.astype(float), "number": number,
        }))  # fmt: skip
        chance = {name: (rng.random(users) < 0.2).astype(float) for name in ("carted", "clicked")}
        early.append(pl.DataFrame(rows | {"visited": visits.astype(float)} | chance))
    everything = pl.concat(young)
    return everything.drop("retained", "number"), pl.concat(early), everything.filter(pl.col("number") < campaigns)


def read(*frames: pl.DataFrame) -> dict[str, dict[str, Any]]:
    rows = early_signals(*frames, early_days=7, snapshot=TODAY)
    return {row["signal"]: row for row in rows.iter_rows(named=True)}


def test_a_signal_that_predicts_is_used_and_says_what_is_to_be_expected() -> None:
    held = 0
    for seed in range(30):
        row = read(*world(seed, 10, share_of_visits=0.5, users=800))["visited"]
        assert row["campaigns"] == 10
        held += row["is_used"] and row["slope_low"] <= 0.5 <= row["slope_high"]
        if row["is_used"]:
            assert row["predicted_low"] < row["predicted_effect"] < row["predicted_high"]
            assert row["predicted_effect"] == pytest.approx(row["slope"] * row["early_effect"])
    assert held >= 24


def test_one_that_does_not_is_not_and_says_so() -> None:
    rows = [read(*world(seed, 8, share_of_visits=0.0, users=600, effects=(-0.2, 0.2))) for seed in range(40)]
    used = [signal for row in rows for signal in SIGNALS if row[signal]["is_used"]]
    assert len(used) <= 12, "1 of 40 each by chance on this side of zero"
    notes = {row[signal]["note"] for row in rows for signal in SIGNALS if not row[signal]["is_used"]}
    assert notes == {"not used: it does not predict the effect on retention"}
    assert all(
        row[signal]["predicted_effect"] is None for row in rows for signal in SIGNALS if not row[signal]["is_used"]
    )


def test_few_campaigns_say_nothing() -> None:
    row = read(*world(1, FEWEST_CAMPAIGNS - 1, share_of_visits=0.5))["visited"]
    assert (row["is_used"], row["slope"], row["campaigns"]) == (False, None, FEWEST_CAMPAIGNS - 1)
    young, early, matured = world(1, 2, share_of_visits=0.5)
    assert read(young.clear(), early, matured) == {}


def test_the_slope_is_that_of_the_line_through_zero() -> None:
    early = np.array([0.1, 0.2, 0.4])
    slope, error, _ = slope_of(np.column_stack([early, 0.5 * early, np.full(3, 0.01)]))
    assert slope == pytest.approx(0.5)
    assert error == pytest.approx(0.01 / np.sqrt((early**2).sum()))
