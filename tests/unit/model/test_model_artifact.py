from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import date

import numpy as np
import polars as pl
import pytest
from scipy.special import logit

from churn_assets.contracts.feature import Feature
from churn_assets.model.artifact import ChurnModel
from churn_assets.model.blend import Blend
from churn_assets.model.boosting import BoostedTrees
from churn_assets.model.calibration import Calibrator
from churn_assets.model.logistic import fit_logistic
from churn_assets.model.rfm import fit_rfm
from churn_assets.model.training import TrainedModel
from tests.unit.model.conftest import TREATMENTS

MakeTraining = Callable[..., pl.DataFrame]


@pytest.fixture(params=["catboost", "logistic", "logistic_rfm", "blend"])
def model(
    request: pytest.FixtureRequest, trained: TrainedModel, make_training: MakeTraining, features: list[Feature]
) -> ChurnModel:
    assert trained.model is not None
    if request.param == "catboost":
        return trained.model
    if request.param == "logistic_rfm":
        return ChurnModel(fit_rfm(make_training(300, 1)), Calibrator(0.8, 0.1), (date(2026, 1, 5),), 7, 28)
    logistic = fit_logistic(make_training(300, 1), features, TREATMENTS)
    if request.param == "logistic":
        return replace(trained.model, fitted=logistic)
    assert isinstance(trained.model.fitted, BoostedTrees)
    return replace(trained.model, fitted=Blend(trained.model.fitted, logistic, 0.7))


def test_bytes_there_and_back_keep_everything(model: ChurnModel, scoring_frame: pl.DataFrame) -> None:
    back = ChurnModel.from_bytes(model.to_bytes())
    assert back == model
    assert (back.kind, back.columns) == (model.kind, model.columns)
    assert back.version == model.version == hashlib.sha256(model.to_bytes()).hexdigest()[:12]
    np.testing.assert_array_equal(back.predict(scoring_frame), model.predict(scoring_frame))


def test_anything_that_differs_changes_the_version(model: ChurnModel) -> None:
    others = [replace(model, gap_days=1), replace(model, horizon_days=29), replace(model, calibrator=Calibrator(2.0))]
    assert len({model.version, *(other.version for other in others)}) == 4


def test_contributions_explain_the_calibrated_log_odds(model: ChurnModel, scoring_frame: pl.DataFrame) -> None:
    rest = logit(model.predict(scoring_frame)) - model.contributions(scoring_frame).sum(axis=1)
    assert rest == pytest.approx([rest[0]] * scoring_frame.height, abs=1e-6)


def test_probabilities_are_never_certain(model: ChurnModel, scoring_frame: pl.DataFrame) -> None:
    extreme = replace(model, calibrator=Calibrator(1000.0, 0.0)).predict(scoring_frame)
    assert (extreme.min(), extreme.max()) == (1e-6, 1 - 1e-6)


def test_a_missing_feature_is_named(model: ChurnModel, scoring_frame: pl.DataFrame) -> None:
    with pytest.raises(ValueError, match=r"Feature columns \['orders_count'\] are not in the frame"):
        model.predict(scoring_frame.drop("orders_count"))


@pytest.mark.parametrize("data", [b"[]", b"{}", b'{"kind":"forest"}'])
def test_other_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="churn_model: these bytes are not a churn model"):
        ChurnModel.from_bytes(data)
