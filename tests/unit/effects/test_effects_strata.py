"""Campaigns whose allocation changed: read within strata, or left out; never in the way of the others."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from churn_assets.effects.readout import readout
from tests.unit.effects.experiments import ASSIGNED, SNAPSHOT, TIME, both, experiment, part, read, zeros


def test_a_campaign_that_was_ramped_up_is_read_by_its_strata() -> None:
    """Summer, 10 % treated: 0.2 and 0.1 come back; autumn, 50 %: 0.8 and 0.6. Pooled, the effect would be 0.42."""
    summer = part({"control": (0.9, 900, 90), "mail": (0.1, 100, 20)}, ASSIGNED, "s")
    autumn = part({"control": (0.5, 500, 300), "mail": (0.5, 500, 400)}, ASSIGNED + timedelta(days=7), "a")
    row = read(*both(summer, autumn), snapshot=date(2025, 8, 1))["mail", "retained"]

    assert (row["users"], row["control_users"]) == (600, 1400)
    assert (row["mean"], row["control_mean"]) == pytest.approx((0.5, 0.35))  # each half of 2,000 users weighs one half
    assert row["effect"] == pytest.approx(0.15)
    # by hand: the variances of the four means, p (1 - p) / (n - 1), each times the square of the weight, 1/4
    error = (0.25 * (0.16 / 99 + 0.09 / 899 + 0.16 / 499 + 0.24 / 499)) ** 0.5
    assert row["effect_high"] - row["effect"] == pytest.approx(1.96 * error, rel=0.01)
    assert row["sample_ratio_p_value"] == pytest.approx(1.0)
    assert row["note"] == "read in 2 strata of equal allocation"


def test_one_odd_campaign_leaves_the_others_as_they_are() -> None:
    plain = experiment(control=[(0, 0.0), (1, 5.0)] * 20, coupon=[(1, 9.0), (0, 0.0)] * 30)
    users = 60
    odd = pl.DataFrame(
        {"user_id": [f"x{n}" for n in range(users)], "arm": ["control", "mail"] * (users // 2)}
    ).with_columns(
        campaign=pl.lit("odd"), propensity=(pl.int_range(users) + 1) / 100, assigned_at=pl.lit(ASSIGNED).cast(TIME)
    )
    assignments = pl.concat([plain[0], odd.select(plain[0].columns)])
    outcomes = pl.concat([plain[1], zeros(odd)])
    together = readout(assignments, outcomes, window_days=28, snapshot=SNAPSHOT)

    alone = readout(*plain, window_days=28, snapshot=SNAPSHOT)
    assert_frame_equal(together.filter(campaign="c1"), alone)
    left = together.filter(campaign="odd")
    assert left["note"].unique().to_list() == ["left out: propensities differ at one moment, or more than 20 times"]
    assert left.select("users", "control_users", "mean", "effect").unique().rows() == [(30, 30, None, None)]


def test_three_arms_are_read_by_periods() -> None:
    """The second arm came later: it is compared with those left alone since then, not with those of summer."""
    summer = part({"control": (0.5, 50, 5), "mail": (0.5, 50, 10)}, ASSIGNED, "s")
    autumn = part(
        {"control": (0.2, 20, 16), "mail": (0.4, 40, 36), "call": (0.4, 40, 40)}, ASSIGNED + timedelta(days=2), "a"
    )
    rows = read(*both(summer, autumn), snapshot=date(2025, 8, 1))

    call, mail = rows["call", "retained"], rows["mail", "retained"]
    assert (call["users"], call["control_users"]) == (40, 20)
    assert call["effect"] == pytest.approx(1 - 0.8)
    assert call["note"] == "50 users of strata without 2 users on both sides left out"
    assert mail["effect"] == pytest.approx(0.5 * (0.2 - 0.1) + 0.5 * (0.9 - 0.8))


def test_more_arms_with_allocations_side_by_side_are_left_out() -> None:
    """Which of two propensities of the control goes with which of a call cannot be told."""
    few = part({"control": (0.8, 80, 8), "mail": (0.1, 10, 2), "call": (0.1, 10, 2)}, ASSIGNED, "f")
    many = part({"control": (0.2, 20, 2), "mail": (0.4, 40, 2), "call": (0.4, 40, 2)}, ASSIGNED, "m")

    assert (
        read(*both(few, many))["call", "retained"]["note"]
        == "left out: propensities differ at one moment, or more than 20 times"
    )


def test_stratified_intervals_cover_the_effect_as_often_as_stated() -> None:
    """Two allocations, season and effect different in each; 200 campaigns."""
    random = np.random.default_rng(3)
    covered = 0
    for _ in range(200):
        parts = []
        for name, (share, base, lift) in {"a": (0.1, 0.2, 0.1), "b": (0.5, 0.6, 0.2)}.items():
            treated = int(random.binomial(400, share))
            parts.append(
                part(
                    {
                        "control": (1 - share, 400 - treated, int(random.binomial(400 - treated, base))),
                        "mail": (share, treated, int(random.binomial(treated, base + lift))),
                    },
                    ASSIGNED,
                    name,
                )
            )
        row = read(*both(*parts), snapshot=date(2025, 8, 1))["mail", "retained"]
        covered += row["effect_low"] <= 0.15 <= row["effect_high"]
    assert 181 <= covered <= 198  # 190 expected, standard deviation 3.1
