"""For whom an arm works: proven only where it is so, with errors that hold, and nobody's own outcome in their score."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
import pytest

from churn_assets.effects.profile import NAMES
from churn_assets.effects.uplift import fit_uplift
from churn_assets.effects.user_effects import uplift_comparison, user_effects

SNAPSHOT = date(2026, 11, 16)
PROGRAMMES = 100


def programme(
    seed: int, *, users: int = 3_000, slope: float = 0.0, effect: float = 1.0, share: float = 0.7
) -> pl.DataFrame:
    """Three weeks in which some users come again; the effect is `effect` + `slope` times silence."""
    random = np.random.default_rng(seed)
    rows = users * 3 // 2
    user = random.integers(0, users, rows)
    silence = np.random.default_rng(seed + 1_000_000).normal(0, 1, users)[user]
    propensity = random.choice([share, 1 - share], rows)
    is_treated = random.random(rows) < propensity
    margin = silence + random.normal(0, 3, rows) + is_treated * (effect + slope * silence)
    return pl.DataFrame(
        {
            "treatment": "coupon",
            "stratum": random.integers(0, 3, rows),
            "user_id": user.astype(str),
            "is_treated": is_treated,
            "propensity": propensity,
            "silence": silence,
            "orders": random.normal(0, 1, rows),
            "order_size": random.normal(0, 1, rows),
            "discount_use": random.normal(0, 1, rows),
            "recent_orders": 1.0,  # a column that says nothing of anybody must not stop a fit
            "margin_amount": margin,
            "retained": (margin > 0).astype(float),
            "spent_before_amount": random.exponential(1, rows),
            "orders_before_count": random.integers(0, 5, rows),
        }
    ).with_columns(stratum=pl.col("stratum") * 2 + (pl.col("propensity") > 0.5).cast(pl.Int64))


def test_equal_effects_are_seldom_proven_to_differ_and_the_average_is_covered() -> None:
    proven = covered = 0
    for seed in range(PROGRAMMES):
        fit = fit_uplift(programme(seed, users=800), "margin_amount", NAMES)
        assert fit is not None
        proven += fit.differs
        effect, error = fit.effects(pl.DataFrame({name: [0.0] for name in NAMES}))
        covered += bool(abs(effect[0] - 1.0) < 1.96 * error[0])
    assert proven <= 12, f"{proven} of {PROGRAMMES} programmes without a difference were said to differ, about 5 should"
    assert covered >= 0.9 * PROGRAMMES


def test_effects_that_differ_are_found_with_intervals_that_hold() -> None:
    at = pl.DataFrame({name: [2.0] if name == "silence" else [0.0] for name in NAMES})
    covered = 0
    for seed in range(PROGRAMMES // 2):
        fit = fit_uplift(programme(seed, users=800, slope=1.5), "margin_amount", NAMES)
        assert fit is not None
        assert fit.differs
        effect, error = fit.effects(at)
        covered += bool(abs(effect[0] - (1.0 + 1.5 * 2.0)) < 1.96 * error[0])
    assert covered >= 0.9 * PROGRAMMES // 2


def test_where_nothing_differs_everybody_has_the_average_effect() -> None:
    users = pl.DataFrame({"user_id": ["a", "b"]} | {name: [-3.0, 3.0] for name in NAMES})
    known = programme(4)
    effects = user_effects(known, users, ["coupon", "never tried"], SNAPSHOT)
    assert effects["user_id"].to_list() == ["a", "b"], "a treatment without evidence has no rows"
    assert effects["is_average"].all()
    assert effects["margin_effect_amount"].n_unique() == 1
    assert (effects["margin_low_amount"] < effects["margin_effect_amount"]).all()


def test_fifths_are_of_users_that_the_line_has_not_seen() -> None:
    """Without a difference the best fifth by prediction is no better than the rest: an in-sample ranking would be."""
    for slope, is_proven in ((0.0, False), (1.5, True)):
        rows = uplift_comparison(programme(11, slope=slope), SNAPSHOT).filter(metric="margin_amount")
        assert rows["is_proven_to_differ"].to_list() == [is_proven] * 6
        fifths = rows.filter(pl.col("fifth") > 0)
        best, worst = fifths.row(-1, named=True), fifths.row(0, named=True)
        assert (best["effect_low"] > worst["effect_high"]) == is_proven
        assert fifths["users"].sum() == rows.filter(fifth=0)["users"].item()


@pytest.mark.parametrize("value", [0.0, float("nan")])
def test_outcomes_that_are_all_equal_or_unknown_give_no_effect(value: float) -> None:
    known = programme(1, users=100).with_columns(margin_amount=pl.lit(value))
    assert fit_uplift(known, "margin_amount", NAMES) is None


def test_a_side_without_users_gives_no_effect() -> None:
    assert fit_uplift(programme(1).filter("is_treated"), "margin_amount", NAMES) is None
    compared = uplift_comparison(programme(1).filter("is_treated"), SNAPSHOT)
    assert set(compared["fifth"]) == {0}
    assert compared["effect"].null_count() == compared["predicted_effect"].null_count() == compared.height
    assert all("0 control users" in note for note in compared["note"])
    assert user_effects(programme(1).head(0), pl.DataFrame({"user_id": ["a"]}), ["coupon"], SNAPSHOT).is_empty()
