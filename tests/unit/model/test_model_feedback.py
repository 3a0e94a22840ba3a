"""The feedback trap: a policy that works, aimed at the riskiest, teaches the next model that they are safe."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from churn_assets.contracts.feature import Feature
from churn_assets.model.training import train
from churn_assets.settings import Training
from tests.unit.model.conftest import FIRST, HORIZON, TREATMENTS

MakeTraining = Callable[..., pl.DataFrame]
SLICES, HOLDOUT_SHARE, KEPT_SHARE = 4, 0.2, 0.6


@pytest.fixture(scope="module")
def world(make_training: MakeTraining) -> pl.DataFrame:
    """Whoever looks risky is treated, but for a holdout; of the treated who would leave, most are kept."""
    random = np.random.default_rng(8)
    frame = make_training(4_000, SLICES, service=2.0)
    looks_risky = (frame["recency_days"] > 45).to_numpy() & (random.random(frame.height) > HOLDOUT_SHARE)
    is_kept = looks_risky & (random.random(frame.height) < KEPT_SHARE)
    return frame.with_columns(
        would_leave=pl.col("is_churned"),
        is_treated=pl.Series(looks_risky),
        is_churned=pl.col("is_churned") & ~pl.Series(is_kept),
    )


def bias(world: pl.DataFrame, taught: pl.DataFrame, features: list[Feature], settings: Training) -> float:
    """Mean probability minus the share that leaves when left alone, among the risky users of a slice of its own."""
    names = [feature.name for feature in features]
    trained = train(
        taught.select("user_id", "snapshot_date", "matures_at", "is_churned", *names), features, TREATMENTS,
        snapshot=FIRST + timedelta(days=HORIZON * (SLICES + 1)), gap_days=0, horizon_days=HORIZON, settings=settings,
    )  # fmt: skip
    assert trained.model is not None
    risky = world.filter(pl.col("recency_days") > 45)
    return float(trained.model.predict(risky).mean() - risky["would_leave"].cast(float).mean())


def test_learning_from_treated_users_hides_the_risk_and_leaving_them_out_shows_it(
    world: pl.DataFrame, features: list[Feature], settings: Training
) -> None:
    fooled = bias(world, world, features, settings)
    honest = bias(world, world.filter(~pl.col("is_treated")), features, settings)
    assert fooled < -0.15, "risky users look far safer than they are when left alone"
    assert abs(honest) < 0.03
