"""Walking forward: only what had matured is learned from, in any order of rows, on any number of threads."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from threadpoolctl import threadpool_limits

from churn_assets.contracts.feature import Feature
from churn_assets.contracts.model_bakeoffs import ALWAYS_TESTED
from churn_assets.contracts.treatment import Treatment
from churn_assets.model.inputs import Inputs
from churn_assets.model.rivals import rivals
from churn_assets.model.slices import LeakingSplit
from churn_assets.model.splits import Split, sides, splits
from churn_assets.model.walk_forward import SlicePredictions, fit_and_predict
from churn_assets.settings import Training

MakeTraining = Callable[..., pl.DataFrame]
FIRST, HORIZON = date(2026, 1, 5), 28
DAYS = [FIRST + timedelta(days=HORIZON * i) for i in range(4)]
TREATMENTS = {"orders": Treatment("orders", "winsorise", (0.01, 0.99), "median")}


@pytest.fixture(scope="module")
def rows(make_training: MakeTraining) -> pl.DataFrame:
    return make_training(400, 4).with_columns(expected_purchases=pl.col("orders_count") / (10 + pl.col("recency_days")))


@pytest.fixture(scope="module")
def inputs(features: list[Feature], settings: Training) -> Inputs:
    return Inputs(features, TREATMENTS, settings)


def walked(rows: pl.DataFrame, inputs: Inputs, split: Split) -> SlicePredictions:
    training, test = sides(rows, split, gap_days=0, horizon_days=HORIZON, most_rows=10_000)
    return fit_and_predict(split, training, test, rivals(inputs, rows), clock=lambda: 0.0, on_fit=lambda *_: None)


SPLIT = Split(tuple(DAYS[:3]), DAYS[3])


@pytest.fixture(scope="module")
def once(rows: pl.DataFrame, inputs: Inputs) -> SlicePredictions:
    return walked(rows, inputs, SPLIT)


def test_every_slice_is_predicted_from_those_that_had_matured_by_it(rows: pl.DataFrame) -> None:
    found = splits(rows, gap_days=0, horizon_days=HORIZON)
    assert found == [Split(tuple(DAYS[:n]), DAYS[n]) for n in (1, 2, 3)]
    assert splits(rows, gap_days=7, horizon_days=HORIZON) == [Split(tuple(DAYS[: n - 1]), DAYS[n]) for n in (2, 3)]


def test_a_slice_with_too_few_leavers_is_not_tested_on(rows: pl.DataFrame) -> None:
    calm = rows.with_columns(is_churned=pl.col("is_churned") & (pl.col("snapshot_date") != DAYS[3]))
    assert [split.test for split in splits(calm, gap_days=0, horizon_days=HORIZON)] == DAYS[1:3]


def test_a_planted_leaking_split_is_refused(rows: pl.DataFrame, inputs: Inputs) -> None:
    with pytest.raises(LeakingSplit, match=rf"{DAYS[3]} \(matures"):
        walked(rows, inputs, Split(tuple(DAYS), DAYS[3]))
    end = datetime.combine(DAYS[3], datetime.min.time()) + timedelta(microseconds=1)
    longer = rows.with_columns(
        matures_at=pl.when(pl.col("snapshot_date") == DAYS[2]).then(pl.lit(end)).otherwise("matures_at")
    )
    with pytest.raises(LeakingSplit, match=rf"400 labels of {DAYS[2]} are not over by {DAYS[3]}"):
        walked(longer, inputs, SPLIT)


def test_all_models_give_finite_log_odds_that_rank(once: SlicePredictions) -> None:
    assert sorted(once.by_model) == sorted(ALWAYS_TESTED)
    churned = once.test["is_churned"].to_numpy()
    for name, prediction in once.by_model.items():
        assert np.isfinite(prediction.log_odds).all(), name
        assert prediction.log_odds[churned].mean() > prediction.log_odds[~churned].mean() + 0.1, name


def test_the_blend_is_the_mean_of_its_parts(once: SlicePredictions) -> None:
    """Nothing is learned of how they share: no rows are left that neither has seen."""
    parts = (once.by_model["catboost"].log_odds, once.by_model["logistic"].log_odds)
    np.testing.assert_allclose(once.by_model["blend"].log_odds, (parts[0] + parts[1]) / 2)


def test_the_order_of_rows_and_the_number_of_threads_change_nothing(
    rows: pl.DataFrame, inputs: Inputs, once: SlicePredictions
) -> None:
    with threadpool_limits(1):
        again = walked(rows.sample(fraction=1, shuffle=True, seed=3), inputs, SPLIT)
    for name, prediction in once.by_model.items():
        np.testing.assert_array_equal(prediction.log_odds, again.by_model[name].log_odds, err_msg=name)


def test_labels_of_the_slice_tested_change_no_prediction(
    rows: pl.DataFrame, inputs: Inputs, once: SlicePredictions
) -> None:
    turned = rows.with_columns(is_churned=pl.col("is_churned") != (pl.col("snapshot_date") == DAYS[3]))
    for name, prediction in walked(turned, inputs, SPLIT).by_model.items():
        np.testing.assert_array_equal(prediction.log_odds, once.by_model[name].log_odds, err_msg=name)


def test_the_cap_takes_rows_of_all_slices_alike(rows: pl.DataFrame) -> None:
    training, test = sides(rows, SPLIT, gap_days=0, horizon_days=HORIZON, most_rows=300)
    assert dict(training["snapshot_date"].value_counts().iter_rows()) == dict.fromkeys(DAYS[:3], 100)
    assert test.height == 400


def test_seconds_are_those_of_the_clock_and_each_fit_is_reported(rows: pl.DataFrame, inputs: Inputs) -> None:
    training, test = sides(rows, SPLIT, gap_days=0, horizon_days=HORIZON, most_rows=300)
    reported_fits: list[tuple[str, date]] = []
    fits = {"recency": rivals(inputs, rows)["recency"]}
    predictions = fit_and_predict(
        SPLIT, training, test, fits, clock=iter([1.0, 3.0, 7.0]).__next__, on_fit=lambda *it: reported_fits.append(it)
    )
    assert (predictions.by_model["recency"].fit_seconds, predictions.by_model["recency"].predict_seconds) == (2, 4)
    assert reported_fits == [("recency", DAYS[3])]


def test_without_expected_purchases_bg_nbd_is_not_asked(rows: pl.DataFrame, inputs: Inputs) -> None:
    assert set(rivals(inputs, rows)) - set(rivals(inputs, rows.drop("expected_purchases"))) == {"bg_nbd"}
