"""Curves of a ranking: right where the truth is known, with intervals that hold it, no area where it means nothing."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
import pytest

from churn_assets.effects.uplift_curves import uplift_curves
from churn_assets.monitoring.uplift_plots import uplift_png

SNAPSHOT = date(2026, 11, 16)


def programme(seed: int, *, users: int = 4_000, slope: float = 1.0, effect: float = 1.0) -> pl.DataFrame:
    """Effects `effect` + `slope` times silence (standard normal) before a cost of 0.4 whenever treated; two weeks, by
    propensities that differ between users.
    """
    random = np.random.default_rng(seed)
    user = np.arange(users) // 2  # each twice
    silence = random.normal(0, 1, users)[user]
    propensity = random.choice([0.3, 0.6], users)
    is_treated = random.random(users) < propensity
    cost = 0.4 * is_treated
    margin = silence + random.normal(0, 2, users) + is_treated * (effect + slope * silence) - cost
    return pl.DataFrame(
        {
            "treatment": "coupon",
            "stratum": (np.arange(users) % 2) * 2 + (propensity > 0.5),
            "user_id": user.astype(str),
            "is_treated": is_treated,
            "propensity": propensity,
            "silence": silence,
            **{name: random.normal(0, 1, users) for name in ("orders", "order_size", "discount_use", "recent_orders")},
            "margin_amount": margin,
            "retained": (margin > 0).astype(float),
            "redeemed_amount": cost,
            "contact_cost_amount": np.zeros(users),
        }
    )


def margins(rows: pl.DataFrame) -> pl.DataFrame:
    alone = rows.with_columns(retained=pl.lit(None, pl.Float64))  # nothing of the other metric is known
    return uplift_curves(alone, SNAPSHOT).sort("tenth", descending=True)


def test_a_ranking_that_is_right_is_measured_as_right() -> None:
    rows = margins(programme(1, users=40_000))
    first, last = rows.row(0, named=True), rows.row(-1, named=True)
    assert rows["tenth"].to_list() == list(range(10, 0, -1))
    assert first["learner"] == "line"
    # By hand: the best tenth of a standard normal has a mean of 1.755; after cost the effect is 0.6 + silence.
    assert first["effect"] == pytest.approx(0.6 + 1.755, abs=0.25)
    assert first["gain"] == pytest.approx(0.1 * first["effect"], rel=0.01)
    assert last["gain"] == pytest.approx(0.6, abs=0.1)
    assert last["cost"] == pytest.approx(0.4, abs=0.02)
    # The curve of N(mu, 1) lies above the straight line by the density at the quantile: on average 1 / (2 sqrt(pi)).
    assert first["qini"] == pytest.approx(0.2821, abs=0.04)
    assert first["qini_low"] < 0.2821 < first["qini_high"]
    assert first["calibration_slope"] == pytest.approx(1.0, abs=0.15)
    # Costs are the same for everybody, so the area is 0.5 and the Qini over what all of them gain before costs.
    assert first["aucc"] == pytest.approx(0.5 + 0.2821 / 1.0, abs=0.05)


def test_intervals_hold_the_truth_and_a_ranking_by_nothing_is_seldom_proven() -> None:
    """It takes a while: intervals can only be judged by many worlds."""
    worlds, covered, proven = 40, 0, 0
    for seed in range(worlds):
        row = margins(programme(seed, users=3_000)).row(0, named=True)
        covered += row["qini_low"] <= 0.2821 <= row["qini_high"]
        equal = margins(programme(seed, users=2_000, slope=0.0)).row(0, named=True)
        proven += equal["qini_low"] > 0
    assert covered >= 0.85 * worlds, f"{covered} of {worlds} intervals hold the truth"
    assert proven <= 0.12 * worlds, f"{proven} of {worlds} rankings by nothing are proven"


def test_no_area_where_all_of_it_gains_nothing() -> None:
    row = margins(programme(2, effect=-3.0)).row(0, named=True)
    assert (row["aucc"], row["aucc_low"]) == (None, None)
    assert row["qini"] > 0, "whom it harms least is known all the same"


def test_few_users_have_no_curve_and_any_curve_can_be_drawn() -> None:
    assert uplift_curves(programme(3, users=200), SNAPSHOT).is_empty()
    assert uplift_png(uplift_curves(programme(4), SNAPSHOT)).startswith(b"\x89PNG")
