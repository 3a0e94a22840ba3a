"""The plans as made against three sides: right on average, in the right rows, and by an interval that lasts."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

from churn_assets.effects.metrics import METRICS
from churn_assets.effects.policy_readout import policy_readout

TODAY, FIRST = date(2026, 6, 1), date(2026, 1, 5)
WEEKS, WINDOW_DAYS = 6, 28
HOLDOUT, USUAL = 0.1, 0.2
# Margin per user of what either side gives, where nothing brings 2.
BY_POLICY, BY_USUAL = 0.8, 0.3


def with_metrics(rows: dict[str, Any], margin: np.ndarray) -> pl.DataFrame:
    known = {name: np.zeros(len(margin)) for name in METRICS} | {
        "margin_amount": margin,
        "retained": (margin > 2) * 1.0,
    }
    before = {"spent_before_amount": np.zeros(len(margin)), "orders_before_count": np.zeros(len(margin))}
    return pl.DataFrame(rows | known | before)


def sides(rng: np.random.Generator, users: int, shares: list[tuple[float, float]]) -> pl.DataFrame:
    """The lasting sides of the same users in all weeks. `shares`: holdout and usual, by week."""
    frames = []
    draw, habit = rng.random(users), rng.normal(0, 1, users)
    for week, (holdout, usual) in enumerate(shares):
        side = np.where(draw < holdout, "holdout", np.where(draw < holdout + (1 - holdout) * usual, "usual", "policy"))
        chance = {"holdout": holdout, "usual": (1 - holdout) * usual, "policy": (1 - holdout) * (1 - usual)}
        brings = np.select([side == "policy", side == "usual"], [BY_POLICY, BY_USUAL], 0.0)
        rows = {
            "user_id": [f"u{number}" for number in range(users)],
            "snapshot_date": [FIRST + timedelta(weeks=week)] * users,
            "policy_version": ["learned-01234567"] * users,
            "policy": ["coupon"] * users,
            "usual": ["reminder"] * users,
            "side": side,
            "propensity": [chance[name] for name in side],
        }
        # A level of the week that is larger than any effect: weeks may not be compared with each other.
        frames.append(with_metrics(rows, 2 + 5 * week + brings + habit + rng.normal(0, 1, users)))
    return pl.concat(frames)


def drawn(rng: np.random.Generator, users: int) -> pl.DataFrame:
    """Coupon brings 1, reminder 0.4; the policy `learned` gives the coupon to all, `rules` the reminder."""
    treatment = rng.choice(["coupon", "reminder", "none"], users)
    brings = np.select([treatment == "coupon", treatment == "reminder"], [1.0, 0.4], 0.0)
    rows = {
        "user_id": [f"u{number}" for number in range(users)],
        "snapshot_date": [FIRST] * users,
        "policy_version": ["learned-01234567"] * users,
        "treatments": [["coupon", "reminder"]] * users,
        "treatment": treatment,
        "propensity": [1 / 3] * users,
        "learned": ["coupon"] * users,
        "rules": ["reminder"] * users,
        "value": ["none"] * users,
    }
    return with_metrics(rows, 2 + brings + rng.normal(0, 1, users))


def read(sides: pl.DataFrame, drawn: pl.DataFrame, metric: str = "margin_amount") -> dict[str, dict[str, Any]]:
    rows = policy_readout(sides, drawn, snapshot=TODAY, window_days=WINDOW_DAYS, recorded=["orders", "contacts"])
    return {row["against"]: row for row in rows.filter(pl.col("metric") == metric).iter_rows(named=True)}


def test_each_side_is_compared_with_its_own_effect() -> None:
    rng = np.random.default_rng(1)
    rows = read(sides(rng, 3_000, [(HOLDOUT, USUAL)] * WEEKS), drawn(rng, 6_000))
    truth = {"holdout": BY_POLICY, "usual": BY_POLICY - BY_USUAL, "random": 1.0 - (1.0 + 0.4) / 3}
    assert set(rows) == set(truth)
    for against, effect in truth.items():
        row = rows[against]
        assert row["effect"] == pytest.approx(effect, abs=0.2), against
        assert row["always_valid_low"] <= row["effect_low"] < row["effect"] < row["effect_high"]
        assert row["verdict"] == "better", against
    assert rows["usual"]["weeks"] == WEEKS
    assert rows["usual"]["against_users"] == pytest.approx(WEEKS * 3_000 * 0.9 * 0.2, rel=0.15)


def test_intervals_hold_the_truth_where_shares_changed_between_weeks() -> None:
    """Users of the same side in several weeks are no users more: each counts once in the error."""
    shares = [(0.1, 0.2), (0.1, 0.2), (0.1, 0.4), (0.2, 0.4)]
    worlds, held = 150, {"holdout": 0, "usual": 0}
    for seed in range(worlds):
        rng = np.random.default_rng(seed)
        rows = read(sides(rng, 400, shares), drawn(rng, 0))
        for against, effect in (("holdout", BY_POLICY), ("usual", BY_POLICY - BY_USUAL)):
            held[against] += rows[against]["effect_low"] <= effect <= rows[against]["effect_high"]
    assert all(0.9 <= each / worlds <= 0.99 for each in held.values()), held


def test_weeks_whose_sides_do_not_have_the_sizes_of_the_draw_give_no_figure() -> None:
    """Of the holdout of some weeks half is missing; where it is missing in all of them, nothing is said."""
    rng = np.random.default_rng(3)
    whole = sides(rng, 3_000, [(HOLDOUT, USUAL)] * WEEKS)
    is_gone = (pl.col("side") == "holdout") & (pl.int_range(pl.len()) % 2 == 0)
    some = whole.filter(~(is_gone & (pl.col("snapshot_date") < FIRST + timedelta(weeks=2))))
    row = read(some, drawn(rng, 0))["holdout"]
    assert row["weeks"] == WEEKS - 2
    assert row["effect"] == pytest.approx(BY_POLICY, abs=0.2)
    assert row["note"].startswith(f"2 of {WEEKS} weeks left out: sides do not have the sizes that chance gave them")
    blocked = read(whole.filter(~is_gone), drawn(rng, 0))
    assert {(each["verdict"], each["effect"]) for each in blocked.values()} == {("unknown", None)}


def test_without_business_as_usual_there_is_the_holdout_and_nothing_of_a_policy_that_harms_is_called_better() -> None:
    rng = np.random.default_rng(2)
    only = sides(rng, 3_000, [(HOLDOUT, 0.0)] * 2).with_columns(
        margin_amount=pl.col("margin_amount") - pl.when(pl.col("side") == "policy").then(1.6).otherwise(0.0)
    )
    rows = read(only, drawn(rng, 50))
    assert set(rows) == {"holdout", "random"}
    assert rows["holdout"]["verdict"] == "worse"
    assert (rows["random"]["verdict"], rows["random"]["effect"]) == ("unknown", None)
    assert "users' worth of draws, 100 needed" in rows["random"]["note"]


def test_nobody_decided_about_gives_no_rows() -> None:
    rng = np.random.default_rng(3)
    assert read(sides(rng, 10, [(0.1, 0.1)]).clear(), drawn(rng, 0)) == {}
