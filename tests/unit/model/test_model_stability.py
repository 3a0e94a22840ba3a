"""Reasons under noise: a model that jumps changes them, one that does not keeps them; what is exact is left alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import polars as pl
import pytest

from churn_assets.contracts.feature import Feature
from churn_assets.model.stability import reasons_stability, with_noise

USERS, LONG, UNKNOWN = 2_000, 0.4, 0.3
FEATURES = [
    Feature(name, "orders", "days", None, group, True, False, name, name)  # type: ignore[arg-type]
    for name, group in (("pause", "rhythm"), ("delay", "service"), ("tickets", "price"))
]
NAMES = tuple(feature.name for feature in FEATURES)


def frame_of(users: int = USERS) -> pl.DataFrame:
    """Pauses are short or long, deliveries early or late, and nothing is between: noise leads nobody across."""
    random = np.random.default_rng(4)
    is_long = random.random(users) < LONG
    pause = np.where(is_long, random.uniform(20, 60, users), random.uniform(0, 5, users))
    return pl.DataFrame(
        {
            "user_id": [f"u{i:05d}" for i in range(users)],
            "snapshot_date": [date(2026, 2, 2)] * users,
            "pause": pl.Series(np.where(random.random(users) < UNKNOWN, np.nan, pause), nan_to_null=True),
            "delay": random.choice([-9.0, 9.0], users) + random.normal(0, 1, users),
            "tickets": random.integers(0, 9, users),
        }
    )


FRAME = frame_of()


@dataclass
class Steps:
    """Stands for a ChurnModel: a long pause adds 1 in every second cell of 20 x `width` days, a short one takes 1
    away; a late delivery adds 0.5, each ticket 0.05.
    """

    width: float
    columns: tuple[str, ...] = NAMES

    def contributions(self, frame: pl.DataFrame) -> np.ndarray:
        pause = frame["pause"].fill_null(0).to_numpy() / 20
        cell = (np.floor(pause / self.width) + 1) % 2
        late = frame["delay"].to_numpy() > 0
        return np.column_stack([np.where(pause < 1, -1, cell), late * 0.5, frame["tickets"].to_numpy() * 0.05])


def stability(width: float, **arguments: Any) -> Any:
    model: Any = Steps(width)
    return reasons_stability(FRAME, model, FEATURES, **({"least": 0.1, "sample": 1_000, "seed": 7} | arguments))


def test_a_model_that_does_not_jump_keeps_its_reasons() -> None:
    found = stability(width=1e9)
    assert (found.users, found.features_with_noise) == (1_000, 2)
    assert (found.same_reason_share, found.same_three_share, found.rank_agreement) == (1, 1, 1)


def test_a_model_that_jumps_within_the_noise_loses_them() -> None:
    """Cells of a thousandth: noise of a hundredth lands in either kind. Short pauses and those unknown stay."""
    found = stability(width=0.001)
    assert found.same_reason_share == pytest.approx(1 - LONG * (1 - UNKNOWN) / 2, abs=0.03)
    assert found.same_three_share == found.same_reason_share
    assert found.rank_agreement < 1


def test_what_is_too_light_to_be_a_reason_cannot_change_it() -> None:
    """Where a reason weighs more than any cell, no one has any, with and without noise."""
    found = stability(width=0.001, least=1.5)
    assert (found.same_reason_share, found.same_three_share, found.rank_agreement) == (1, 1, 1)


def test_wider_cells_and_less_noise_are_steadier() -> None:
    shares = [stability(width).same_reason_share for width in (0.001, 0.1, 1.0)]
    assert shares == sorted(shares)
    assert shares[0] < shares[1] < shares[2]
    assert stability(0.1, noise_share=0.001).same_reason_share > shares[1]


def test_the_seed_settles_everything() -> None:
    assert stability(0.001) == stability(0.001)
    assert stability(0.001) != stability(0.001, seed=8)


def test_fewer_users_than_the_sample_are_all_taken() -> None:
    model: Any = Steps(1e9)
    assert reasons_stability(FRAME.head(30), model, FEATURES, least=0.1, sample=1_000, seed=7).users == 30
    with pytest.raises(ValueError, match="no eligible user"):
        reasons_stability(FRAME.clear(), model, FEATURES, least=0.1, sample=1_000, seed=7)


def test_noise_is_small_keeps_gaps_and_leaves_counts_alone() -> None:
    noisy, names = with_noise(FRAME, NAMES, seed=7)
    assert names == ["pause", "delay"]
    assert noisy["tickets"].equals(FRAME["tickets"])
    assert noisy["pause"].is_null().equals(FRAME["pause"].is_null())
    moved = (noisy["delay"] - FRAME["delay"]) / FRAME["delay"].std()
    assert abs(moved.mean()) < 0.001
    assert moved.std() == pytest.approx(0.01, rel=0.1)


def test_no_value_leaves_the_range_of_the_known() -> None:
    spent = pl.DataFrame({"spent_amount": [0.0] * 500 + [0.5] + [900.0] * 499})
    noisy, _ = with_noise(spent, ["spent_amount"], seed=7)
    assert (noisy["spent_amount"].min(), noisy["spent_amount"].max()) == (0, 900)
    assert 0.4 < (noisy["spent_amount"] > spent["spent_amount"]).head(500).mean() < 0.6
