"""Effects by what treatments have in common and by whom they reached."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from churn_assets.effects.arm_effects import arm_effects
from churn_assets.effects.assignments import TRAITS
from churn_assets.effects.compared_users import compared_users
from churn_assets.effects.group_effects import group_effects
from churn_assets.effects.known_users import known_users
from tests.unit.effects.weeks import SNAPSHOT, WINDOW_DAYS, campaign, outcomes, week

ARMS = {"coupon_5": "coupon", "coupon_10": "coupon", "reminder": "reminder"}
CHANNELS = {"coupon_5": "email", "coupon_10": "email", "reminder": "push"}
GAIN = {"coupon_5": 0.1, "coupon_10": 0.2, "reminder": 0.0}


@pytest.fixture(scope="module")
def known() -> pl.DataFrame:
    random = np.random.default_rng(1)
    shares = {"coupon_5": 0.25, "coupon_10": 0.25, "reminder": 0.25, "none": 0.25}
    assigned = pl.concat(campaign(random, f"c{n}", week(n), 3_000, shares, 3_000 * n) for n in range(4))
    rows = known_users(
        compared_users(assigned, SNAPSHOT, WINDOW_DAYS).rows,
        outcomes(random, assigned, GAIN),
        margin_share=0.3,
        traits=pl.DataFrame(schema=TRAITS),
    )
    number = pl.col("user_id").str.slice(1).cast(pl.Int64)
    return rows.with_columns(segment=pl.when(number % 3 < 2).then(pl.lit("loyal")))


def test_levels_of_an_arm_and_arms_of_a_channel_are_read_together(known: pl.DataFrame) -> None:
    rows = read(known)
    coupon = rows["arm", "coupon", "any"]
    assert coupon["effect_low"] < 0.15 < coupon["effect_high"]
    assert coupon["users"] == pytest.approx(6_000, abs=250)
    assert rows["channel", "email", "any"]["effect"] == coupon["effect"]
    assert rows["channel", "push", "any"]["verdict"] == "not proven"
    single = arm_effects(known, snapshot=SNAPSHOT, window_days=WINDOW_DAYS, recorded=["orders"])
    alone = single.filter(dimension="all", treatment="coupon_5", metric="retained").row(0, named=True)
    assert coupon["effect_high"] - coupon["effect_low"] < alone["effect_high"] - alone["effect_low"]


def test_segments_have_only_whom_somebody_decided_about(known: pl.DataFrame) -> None:
    rows = read(known)
    assert {segment for dimension, segment, _ in rows if dimension == "segment"} == {"loyal"}
    loyal = rows["segment", "loyal", "coupon_10"]
    assert loyal["users"] == pytest.approx(2_000, abs=150)
    assert loyal["effect_low"] < 0.2 < loyal["effect_high"]
    assert ("segment", "loyal", "any") in rows


def test_a_treatment_whose_channel_nobody_knows_is_in_no_channel(known: pl.DataFrame) -> None:
    rows = read(known, {"reminder": "push"})
    assert {segment for dimension, segment, _ in rows if dimension == "channel"} == {"push"}


def read(known: pl.DataFrame, channels: dict[str, str] = CHANNELS) -> dict[tuple[str, str, str], dict[str, float]]:
    result = group_effects(
        known, ARMS, channels, snapshot=SNAPSHOT, window_days=WINDOW_DAYS, recorded=["orders", "contacts"]
    )
    metric = result.filter(pl.col("metric") == "retained")
    return {(row["dimension"], row["segment"], row["treatment"]): row for row in metric.iter_rows(named=True)}
