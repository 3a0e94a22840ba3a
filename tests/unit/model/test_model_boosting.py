from __future__ import annotations

from collections.abc import Callable

import polars as pl
import pytest
from catboost import CatBoostClassifier

from churn_assets.model.boosting import CHANGING_METADATA, fit_boosting
from churn_assets.settings import Training

MakeTraining = Callable[..., pl.DataFrame]
COLUMNS = ("recency_days", "orders_count", "late_deliveries_91d", "rating_mean")


def test_the_same_rows_give_the_same_bytes(make_training: MakeTraining, settings: Training) -> None:
    frame = make_training(400, 1)
    assert fit_boosting(frame, COLUMNS, settings).cbm == fit_boosting(frame, COLUMNS, settings).cbm


def test_another_seed_gives_another_model(make_training: MakeTraining, settings: Training) -> None:
    frame = make_training(400, 1)
    other = settings.model_copy(update={"seed": settings.seed + 1})
    assert fit_boosting(frame, COLUMNS, settings).cbm != fit_boosting(frame, COLUMNS, other).cbm


def test_neither_clock_nor_random_id_is_in_the_model(make_training: MakeTraining, settings: Training) -> None:
    fitted = fit_boosting(make_training(400, 1), COLUMNS, settings)
    stored = CatBoostClassifier().load_model(blob=fitted.cbm)
    assert not set(CHANGING_METADATA) & set(stored.get_metadata().keys())
    assert stored.tree_count_ == settings.iterations


def test_contributions_and_one_constant_add_up_to_the_log_odds(make_training: MakeTraining, settings: Training) -> None:
    frame = make_training(400, 1)
    fitted = fit_boosting(frame, COLUMNS, settings)
    constant = fitted.log_odds(frame) - fitted.contributions(frame).sum(axis=1)
    assert fitted.contributions(frame).shape == (400, len(COLUMNS))
    assert constant == pytest.approx([constant[0]] * 400, abs=1e-9)


def test_unknown_values_are_predicted_not_refused(make_training: MakeTraining, settings: Training) -> None:
    frame = make_training(400, 1)
    unknown = frame.with_columns(rating_mean=pl.lit(None, dtype=pl.Float64))
    fitted = fit_boosting(frame, COLUMNS, settings)
    assert frame["rating_mean"].null_count() > 0
    is_null = frame["rating_mean"].is_null().to_numpy()
    assert fitted.log_odds(unknown)[is_null] == pytest.approx(fitted.log_odds(frame)[is_null])
