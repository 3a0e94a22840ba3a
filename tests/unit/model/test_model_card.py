from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import polars as pl
import pytest

from churn_assets.contracts.feature import Feature
from churn_assets.model.card import model_card
from churn_assets.model.training import TrainedModel
from churn_assets.settings import Training
from tests.unit.model.conftest import FIRST, HORIZON

MakeTraining = Callable[..., pl.DataFrame]
DAY = date(2026, 6, 1)


@pytest.fixture(scope="module")
def card(trained: TrainedModel, make_training: MakeTraining, features: list[Feature], settings: Training) -> str:
    assert trained.model is not None
    return model_card(
        trained.model, trained, make_training(), features,
        snapshot=DAY, definition="inactivity", reason="It has won.", settings=settings,
    )  # fmt: skip


def test_it_says_what_is_predicted_and_why_it_is_champion(card: str, trained: TrainedModel) -> None:
    assert trained.model is not None
    assert card.startswith(f"# Model card: {trained.model.version}\n")
    assert "catboost, trained at 2026-06-01. It has won." in card
    assert f"Churn by `inactivity` in the {trained.model.horizon_days} days that begin 0 days" in card


def test_every_slice_is_counted(card: str, make_training: MakeTraining) -> None:
    frame = make_training()
    for i in range(4):
        day = FIRST + timedelta(days=HORIZON * i)
        rows = frame.filter(snapshot_date=day)
        assert f"| {day} | {len(rows):,} | {rows['is_churned'].mean():.1%} |" in card


def test_figures_are_those_of_the_comparison(card: str, trained: TrainedModel) -> None:
    shipped = trained.comparison.filter("is_shipped").row(0, named=True)
    assert (
        f"| catboost (shipped) | {shipped['auc']:.3f} [{shipped['auc_low']:.3f}, {shipped['auc_high']:.3f}] |" in card
    )
    assert "| recency | " in card


def test_segments_have_their_own_figures_or_say_that_they_are_too_small(card: str, make_training: MakeTraining) -> None:
    newest = make_training().filter(pl.col("snapshot_date") == pl.col("snapshot_date").max())
    several = newest.filter(pl.col("orders_count") > 1)
    assert f"| bought_again | {len(several):,} | {several['is_churned'].mean():.1%} |" in card
    assert card.count("too few of one outcome") == 1, "one order: the small ones are named, not left out"


def test_protected_features_are_named_as_unseen(card: str) -> None:
    assert "Protected, not seen by the model: age_years." in card


def test_no_user_is_in_it(card: str, make_training: MakeTraining) -> None:
    assert not [user for user in make_training()["user_id"] if f" {user} " in card]
