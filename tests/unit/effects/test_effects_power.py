from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
import polars as pl
import pytest

from churn_assets.contracts.arm_effects import ArmEffects
from churn_assets.effects.power import (
    Sides,
    arm_sentences,
    experiment_power,
    holdout_sentences,
    holdout_share_needed,
    smallest_effect,
    weeks_needed,
)
from tests.unit.effects.weeks import SNAPSHOT

NOTHING_YET = pl.DataFrame(schema={name: c.dtype.type for name, c in ArmEffects.to_schema().columns.items()})


def plan(users: int, *, intended: int, control: int, holdout: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """A ledger (its columns that power reads) and what its users bought before: four in ten something."""
    numbers = pl.DataFrame({"number": range(users)})
    ledger = numbers.select(
        user_id=pl.format("u{}", pl.col("number")),
        snapshot_date=pl.lit(SNAPSHOT),
        intended_arm=pl.when(pl.col("number") < intended).then(pl.lit("coupon")).otherwise(pl.lit("none")),
        intended_level=pl.when(pl.col("number") < intended).then(pl.lit("10")),
        arm=pl.when(pl.col("number").is_between(control, intended - 1))
        .then(pl.lit("coupon"))
        .otherwise(pl.lit("none")),
        is_holdout=pl.col("number") >= users - holdout,
        is_exploration=pl.lit(value=False),
    )
    before = numbers.select(
        user_id=pl.format("u{}", pl.col("number")),
        orders_before_count=(pl.col("number") % 5 < 2).cast(pl.Int64),
        spent_before_amount=pl.when(pl.col("number") % 5 < 2).then(50.0).otherwise(0.0),
    )
    return ledger, before


def test_the_smallest_effect_is_seen_in_eighty_of_a_hundred() -> None:
    ledger, before = plan(10_000, intended=2_000, control=400, holdout=1_000)
    power = experiment_power(ledger, before, NOTHING_YET, horizon_days=28)
    row = power.filter(treatment="coupon_10", metric="retained", weeks=1).row(0, named=True)
    assert (row["users"], row["control_users"]) == (1_600, 400)
    assert row["spread"] == pytest.approx(math.sqrt(0.24), abs=1e-3)

    random, error = np.random.default_rng(4), row["spread"] * math.sqrt(1 / 1_600 + 1 / 400)
    seen = np.abs(random.normal(row["smallest_effect"], error, 20_000)) > NormalDist().inv_cdf(0.975) * error
    assert seen.mean() == pytest.approx(0.8, abs=0.01)
    four = power.filter(treatment="coupon_10", metric="retained", weeks=4).item(0, "smallest_effect")
    assert four == pytest.approx(row["smallest_effect"] / 2)


def test_what_is_known_so_far_counts() -> None:
    ledger, before = plan(10_000, intended=2_000, control=400, holdout=1_000)
    so_far = pl.DataFrame(
        [{"treatment": "coupon_10", "dimension": "all", "metric": "retained", "effect_error": 0.01,
          "users": 12_000, "control_users": 3_000, "variance_saved_share": 0.2}]
    )  # fmt: skip
    power = experiment_power(ledger, before, so_far, horizon_days=28).filter(treatment="coupon_10", metric="retained")
    known, alone, four = (power.filter(weeks=weeks).row(0, named=True) for weeks in (0, 1, 4))
    assert (known["users"], known["smallest_effect"]) == (12_000, pytest.approx(0.028, abs=1e-4))
    assert alone["spread"] == pytest.approx(math.sqrt(0.24 * 0.8), abs=1e-3)
    assert four["smallest_effect"] < known["smallest_effect"] < alone["smallest_effect"]


def test_sides_that_can_never_tell_say_so() -> None:
    ledger, before = plan(400, intended=100, control=0, holdout=4)
    power = experiment_power(ledger, before, NOTHING_YET, horizon_days=28)
    row = power.filter(treatment="coupon_10", metric="retained", weeks=52).row(0, named=True)
    assert (row["smallest_effect"], row["note"]) == (
        None, "nothing can be shown: 100 users treated, 0 left alone by chance",
    )  # fmt: skip
    assert arm_sentences(power) == [
        (
            "coupon_10: 100 users and 0 left alone a week show in a year nothing; "
            "no control_share would do, the users are too few."
        )
    ]
    sentences = holdout_sentences(power, 28)
    assert sentences[0].startswith("Weeks until the holdout shows a gain in retention: ")
    assert sentences[1] == (
        "The holdout is too small to tell 2% within a year; in 26 weeks no share can: the shop has too few users."
    )


def test_a_holdout_that_is_too_small_names_the_share_that_is_not() -> None:
    ledger, before = plan(20_000, intended=0, control=0, holdout=200)
    sentences = holdout_sentences(experiment_power(ledger, before, NOTHING_YET, horizon_days=28), 28)
    share = holdout_share_needed(20_000, math.sqrt(0.24), 0.02, 26, 28)
    assert share is not None
    assert sentences[1].endswith(f"in 26 weeks decisions.holdout_share {share:.2f} would.")
    held = round(share * 20_000)
    assert weeks_needed(Sides(20_000 - held, held), math.sqrt(0.24), 0.02, 28) == pytest.approx(26, rel=0.02)


def test_nobody_bought_anything() -> None:
    ledger, before = plan(100, intended=50, control=10, holdout=10)
    nothing = before.with_columns(orders_before_count=pl.lit(0, pl.Int64), spent_before_amount=pl.lit(0.0))
    power = experiment_power(ledger, nothing, NOTHING_YET, horizon_days=28)
    assert set(power["smallest_effect"]) == {None}
    assert holdout_sentences(power, 28) == [
        "The holdout can show nothing: in the window before all users did the same."
    ]
    assert smallest_effect(math.inf) is None


def test_a_control_that_is_too_small_can_be_raised() -> None:
    ledger, before = plan(10_000, intended=4_000, control=20, holdout=1_000)
    assert arm_sentences(experiment_power(ledger, before, NOTHING_YET, horizon_days=28)) == [
        (
            "coupon_10: 3,980 users and 20 left alone a week show in a year no effect under 4.3% of retention; "
            "raise its control_share."
        )
    ]
