from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal
from scipy.special import logit

from churn_assets.contracts.feature import Feature
from churn_assets.contracts.model_comparison import ModelComparison
from churn_assets.contracts.training_set import TrainingSet
from churn_assets.model.blend import Blend, learned_share
from churn_assets.model.boosting import fit_boosting
from churn_assets.model.calibration import first_half
from churn_assets.model.logistic import fit_logistic
from churn_assets.model.slices import LeakingSplit
from churn_assets.model.training import TrainedModel, train
from churn_assets.settings import Training
from tests.unit.model.conftest import TREATMENTS

MakeTraining = Callable[..., pl.DataFrame]
FIRST, HORIZON = date(2026, 1, 5), 28
MATURED = FIRST + timedelta(days=4 * HORIZON)


def fit(frame: pl.DataFrame, features: list[Feature], settings: Training, snapshot: date = MATURED) -> TrainedModel:
    return train(frame, features, TREATMENTS, snapshot=snapshot, gap_days=0, horizon_days=HORIZON, settings=settings)


def row(trained: TrainedModel, model: str) -> dict[str, float]:
    return trained.comparison.filter(pl.col("model") == model).row(0, named=True)


def test_inputs_and_outputs_keep_their_contracts(make_training: MakeTraining, trained: TrainedModel) -> None:
    TrainingSet.validate(make_training(), lazy=True)
    ModelComparison.validate(trained.comparison, lazy=True)
    assert trained.comparison["model"].to_list() == ["catboost", "logistic", "logistic_rfm", "recency", "blend"]
    assert trained.comparison["rows"].to_list() == [800] * 5
    assert trained.comparison["slice_date"].unique().to_list() == [FIRST + timedelta(days=3 * HORIZON)]


def test_trees_are_shipped_where_they_see_what_rfm_misses(trained: TrainedModel) -> None:
    names = ("catboost", "logistic", "logistic_rfm", "recency")
    catboost, logistic, rfm, recency = (row(trained, name) for name in names)
    assert catboost["auc"] > logistic["auc"] + 0.02
    assert logistic["auc"] > rfm["auc"] + 0.02
    assert rfm["auc"] > recency["auc"]
    assert catboost["ece_calibrated"] < 0.06
    assert trained.model is not None
    assert trained.model.kind == "catboost"
    assert trained.reason == (
        f"catboost shipped: calibrated log-loss {catboost['log_loss_calibrated']:.4f} against "
        f"{row(trained, 'blend')['log_loss_calibrated']:.4f} of blend, "
        f"{logistic['log_loss_calibrated']:.4f} of logistic, {rfm['log_loss_calibrated']:.4f} of logistic_rfm "
        f"on the slice {FIRST + timedelta(days=3 * HORIZON)}."
    )


def test_the_baseline_is_shipped_where_it_is_the_truth(
    make_training: MakeTraining, features: list[Feature], settings: Training
) -> None:
    trained = fit(make_training(service=0.0), features, settings)
    assert trained.model is not None
    assert trained.model.kind == "logistic_rfm"
    assert trained.comparison.filter("is_shipped")["model"].to_list() == ["logistic_rfm"]
    assert trained.reason.startswith("logistic_rfm shipped: ")


def test_the_blend_is_shipped_where_both_halves_help(
    make_training: MakeTraining, features: list[Feature], settings: Training
) -> None:
    """A weak hint beyond RFM: each half alone loses to both together, which then are fitted on all; their shares are
    those learned out of time.
    """
    frame = make_training(service=1.5)
    trained = fit(frame, features, settings)
    losses = dict(trained.comparison.select("model", "log_loss_calibrated").iter_rows())
    assert min(losses, key=lambda name: losses[name]) == "blend"
    assert trained.model is not None
    assert trained.model.kind == "blend"
    fitted, rows = trained.model.fitted, frame.sort("snapshot_date", "user_id")
    assert isinstance(fitted, Blend)
    assert fitted.trees == fit_boosting(rows, fitted.trees.columns, settings)
    usable = [feature for feature in features if feature.name in fitted.trees.columns]
    assert fitted.logistic == fit_logistic(rows, usable, TREATMENTS)
    out_of_time = trained.out_of_time
    catboost, logistic = (logit(out_of_time[name].to_numpy()) for name in ("catboost", "logistic"))
    assert fitted.trees_share == learned_share(out_of_time["is_churned"].to_numpy(), catboost, logistic)


def test_expected_purchases_are_a_rival_where_they_are_known(
    make_training: MakeTraining, features: list[Feature], settings: Training, trained: TrainedModel
) -> None:
    known = make_training().with_columns(expected_purchases=pl.col("orders_count") / (1 + pl.col("recency_days")))
    compared = fit(known, features, settings).comparison
    ModelComparison.validate(compared, lazy=True)
    assert compared["model"].to_list() == ["catboost", "logistic", "logistic_rfm", "recency", "bg_nbd", "blend"]
    assert row(fit(known, features, settings), "bg_nbd")["auc"] > 0.6
    unknown = known.with_columns(expected_purchases=pl.lit(None, pl.Float64))
    assert_frame_equal(fit(unknown, features, settings).comparison, trained.comparison)


def test_several_slices_beat_the_last_one(
    make_training: MakeTraining, features: list[Feature], settings: Training
) -> None:
    frame = make_training(500, 4)
    several = fit(frame, features, settings)
    last = fit(frame.filter(pl.col("snapshot_date") >= FIRST + timedelta(days=2 * HORIZON)), features, settings)
    assert row(several, "catboost")["auc"] > row(last, "catboost")["auc"]


def test_rivals_never_see_the_labels_they_are_tested_on(
    make_training: MakeTraining, features: list[Feature], settings: Training, trained: TrainedModel
) -> None:
    newest = pl.col("snapshot_date") == FIRST + timedelta(days=3 * HORIZON)
    flipped = make_training().with_columns(is_churned=pl.col("is_churned") ^ newest)
    models = ["catboost", "logistic", "logistic_rfm", "recency"]
    assert_frame_equal(fit(flipped, features, settings).out_of_time.select(models), trained.out_of_time.select(models))


def test_a_blend_is_tested_with_the_share_that_other_users_taught(
    make_training: MakeTraining, features: list[Feature], settings: Training, trained: TrainedModel
) -> None:
    """Labels of one half of the users, turned round, change what the blend says of the other half only."""
    frame = make_training()
    half = pl.Series(first_half(frame["user_id"].to_numpy().astype(np.str_)))
    newest = pl.col("snapshot_date") == FIRST + timedelta(days=3 * HORIZON)
    turned = fit(frame.with_columns(is_churned=pl.col("is_churned") ^ (newest & half)), features, settings)
    before, after = (found.out_of_time["blend"].to_numpy() for found in (trained, turned))
    inside = first_half(trained.out_of_time["user_id"].to_numpy().astype(np.str_))
    np.testing.assert_array_equal(after[inside], before[inside])
    assert (after[~inside] != before[~inside]).all()


def test_the_shipped_model_is_right_on_average_about_the_newest_slice(
    make_training: MakeTraining, trained: TrainedModel
) -> None:
    newest = make_training().filter(pl.col("snapshot_date") == FIRST + timedelta(days=3 * HORIZON))
    assert trained.model is not None
    assert trained.model.predict(newest).mean() == pytest.approx(newest["is_churned"].mean(), abs=1e-6)


def test_the_season_moves_every_probability(
    make_training: MakeTraining, features: list[Feature], settings: Training, trained: TrainedModel
) -> None:
    frame = make_training()
    moved = train(
        frame, features, TREATMENTS, snapshot=MATURED, gap_days=0, horizon_days=HORIZON, settings=settings, season=-0.5
    ).model
    assert moved is not None
    assert trained.model is not None
    assert (moved.predict(frame) < trained.model.predict(frame)).all()
    assert moved.fitted == trained.model.fitted


def test_the_test_learns_from_a_part_of_very_many_rows_and_the_model_from_all(
    make_training: MakeTraining, features: list[Feature], settings: Training, trained: TrainedModel
) -> None:
    """From fewer rows a blend is chosen; its trees, as those of the model that learned from more, are of all rows."""
    few = fit(make_training(), features, settings.model_copy(update={"test_rows": 2_000}))
    assert few.model is not None
    assert trained.model is not None
    assert isinstance(few.model.fitted, Blend)
    assert few.model.fitted.trees == trained.model.fitted
    assert not few.out_of_time.equals(trained.out_of_time)


def test_slices_not_over_by_the_newest_teach_no_rival(
    make_training: MakeTraining, features: list[Feature], settings: Training
) -> None:
    frame = make_training(600, 3)
    half_way = FIRST + timedelta(days=HORIZON + HORIZON // 2)
    overlapping = make_training(600, 1, seed=9, start=half_way)
    models = ["catboost", "logistic", "logistic_rfm", "recency", "blend"]
    with_it = fit(pl.concat([frame, overlapping]), features, settings)
    assert_frame_equal(with_it.out_of_time.select(models), fit(frame, features, settings).out_of_time.select(models))
    assert with_it.model is not None
    assert half_way in with_it.model.slices  # it had matured by the snapshot, so the shipped model learns from it


def test_a_small_newest_slice_teaches_and_is_not_tested(
    make_training: MakeTraining, features: list[Feature], settings: Training
) -> None:
    small = make_training(70, 1, seed=9, start=FIRST + timedelta(days=3 * HORIZON))
    trained = fit(pl.concat([make_training(800, 3), small]), features, settings)
    assert trained.comparison["slice_date"].unique().to_list() == [FIRST + timedelta(days=2 * HORIZON)]
    assert trained.out_of_time.height == 800
    assert trained.model is not None
    assert FIRST + timedelta(days=3 * HORIZON) in trained.model.slices


def test_the_order_of_rows_changes_nothing(
    make_training: MakeTraining, features: list[Feature], settings: Training, trained: TrainedModel
) -> None:
    shuffled = fit(make_training().sample(fraction=1.0, shuffle=True, seed=3), features, settings)
    assert shuffled.model is not None
    assert trained.model is not None
    assert shuffled.model.to_bytes() == trained.model.to_bytes()
    assert_frame_equal(shuffled.comparison, trained.comparison)


def test_protected_and_empty_features_are_left_out(trained: TrainedModel) -> None:
    assert trained.model is not None
    assert "age_years" not in trained.model.columns
    assert trained.dropped == ("always_one", "never_known")


def test_labels_not_matured_by_the_snapshot_are_refused(
    make_training: MakeTraining, features: list[Feature], settings: Training
) -> None:
    with pytest.raises(LeakingSplit, match=f"{FIRST + timedelta(days=3 * HORIZON)} \\(matures {MATURED}\\)"):
        fit(make_training(), features, settings, snapshot=MATURED - timedelta(days=1))


def test_labels_of_another_definition_are_refused(
    make_training: MakeTraining, features: list[Feature], settings: Training
) -> None:
    other = make_training().with_columns(matures_at=pl.col("matures_at") - timedelta(days=1))
    with pytest.raises(ValueError, match=r"training_set.matures_at: 3200 rows do not mature 28 days"):
        fit(other, features, settings)


def test_few_users_get_a_compared_baseline(
    make_training: MakeTraining, features: list[Feature], settings: Training
) -> None:
    trained = fit(make_training(300), features, settings)
    assert trained.comparison["model"].to_list() == ["logistic_rfm", "recency"]
    assert trained.model is not None
    assert trained.model.kind == "logistic_rfm"
    assert trained.reason.startswith("CatBoost not trained: 300 eligible users")


def test_one_slice_gets_an_untested_uncalibrated_baseline(
    make_training: MakeTraining, features: list[Feature], settings: Training
) -> None:
    trained = fit(make_training(slices=1), features, settings)
    assert trained.model is not None
    assert (trained.model.kind, trained.model.calibrator.slope) == ("logistic_rfm", 1.0)
    assert trained.comparison.is_empty()
    assert trained.out_of_time.is_empty()
    ModelComparison.validate(trained.comparison, lazy=True)


def test_no_matured_slice_gives_no_model(
    make_training: MakeTraining, features: list[Feature], settings: Training
) -> None:
    trained = fit(make_training().clear(), features, settings)
    assert trained.model is None
    assert trained.gate.level == "none"
    assert trained.reason.startswith("Nothing trained: 0 matured slices, 1 needed. ")
