"""A small synthetic training set with known truth, for the tests of the model package only."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from churn_assets.contracts.feature import Feature
from churn_assets.contracts.treatment import Treatment
from churn_assets.model.training import TrainedModel, train
from churn_assets.settings import Training

HORIZON = 28
TREATMENTS = {"orders": Treatment("orders", "winsorise", (0.01, 0.99), "median")}
FIRST = date(2026, 1, 5)
MakeTraining = Callable[..., pl.DataFrame]


def make_feature(name: str, group: str, *, is_protected: bool = False, is_actionable: bool = True) -> Feature:
    return Feature(name, "orders", "days", None, group, is_actionable, is_protected, name, name)  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def features() -> list[Feature]:
    return [
        make_feature("recency_days", "rhythm"),
        make_feature("orders_count", "engagement"),
        make_feature("spent_amount", "profile", is_actionable=False),
        make_feature("tenure_days", "profile", is_actionable=False),
        make_feature("late_deliveries_91d", "service"),
        make_feature("rating_mean", "product_quality"),
        make_feature("always_one", "offers"),
        make_feature("never_known", "offers"),
        make_feature("age_years", "profile", is_protected=True),
    ]


@pytest.fixture(scope="session")
def make_training() -> MakeTraining:
    """Rows of `users` at `slices` dates 28 days apart; `service` > 0 adds risk that the four RFM columns miss."""

    def make(
        users: int = 800, slices: int = 4, *, service: float = 3.0, seed: int = 1, start: date = FIRST
    ) -> pl.DataFrame:
        random = np.random.default_rng(seed)
        return pl.concat(_slice(random, users, start + timedelta(days=HORIZON * i), service) for i in range(slices))

    return make


def _slice(random: np.random.Generator, users: int, snapshot: date, service: float) -> pl.DataFrame:
    recency, orders = random.exponential(40, users), 1 + random.poisson(3, users)
    late = random.poisson(1, users)
    rating = np.where(random.random(users) < 0.5, np.nan, random.integers(1, 6, users))
    bad_service = (late >= 2) & ~(rating >= 4)  # an interaction: trees see it, a line does not
    log_odds = 0.9 * (np.log1p(recency) - 3) - 0.8 * (np.log1p(orders) - 1.3) + service * bad_service
    return pl.DataFrame(
        {
            "user_id": [f"u{i:05d}" for i in range(users)],
            "snapshot_date": [snapshot] * users,
            "matures_at": [datetime.combine(snapshot + timedelta(days=HORIZON), datetime.min.time())] * users,
            "is_churned": random.random(users) < 1 / (1 + np.exp(-log_odds)),
            "recency_days": recency,
            "orders_count": orders,
            "spent_amount": orders * random.lognormal(3, 0.5, users),
            "tenure_days": recency + random.exponential(200, users),
            "late_deliveries_91d": late,
            "rating_mean": pl.Series(rating, nan_to_null=True),
            "always_one": [1.0] * users,
            "never_known": pl.Series([None] * users, dtype=pl.Float64),
            "age_years": random.integers(18, 80, users),
        },
        schema_overrides={"matures_at": pl.Datetime("us")},
    )


@pytest.fixture(scope="session")
def settings() -> Training:
    return Training(iterations=60, learning_rate=0.15)


@pytest.fixture(scope="session")
def trained(make_training: MakeTraining, features: list[Feature], settings: Training) -> TrainedModel:
    """Four slices of 800 users, trained at the day the last one matured."""
    snapshot = FIRST + timedelta(days=4 * HORIZON)
    return train(
        make_training(), features, TREATMENTS, snapshot=snapshot, gap_days=0, horizon_days=HORIZON, settings=settings
    )


@pytest.fixture(scope="session")
def scoring_frame(make_training: MakeTraining) -> pl.DataFrame:
    """300 users at one snapshot; the last 30 are lapsed, new or objected."""
    frame = make_training(300, 1, seed=5, start=FIRST + timedelta(days=4 * HORIZON)).drop("is_churned", "matures_at")
    others = ["lapsed", "new", "objected"] * 10
    return frame.with_columns(
        status=pl.Series(["eligible"] * 270 + others),
        purchase_days_count=pl.col("orders_count"),
        first_purchase_days=pl.col("tenure_days").ceil() + 1,
        returned_amount=pl.lit(None, pl.Float64),
        order_spread_amount=pl.when(pl.col("orders_count") > 1).then(5.0),
    )
