"""Features that matter in every slice stay, twins and noise go, and the labels of the newest slice have no say."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from churn_assets.contracts.feature import Feature
from churn_assets.contracts.feature_selections import FeatureSelections
from churn_assets.model.inputs import Inputs
from churn_assets.model.redundancy import redundant
from churn_assets.model.selection import Selection, select
from churn_assets.model.selection_table import selection_frame
from churn_assets.model.slices import NothingKept
from churn_assets.settings import Training

FIRST, HORIZON = date(2026, 1, 5), 28
SNAPSHOT = FIRST + timedelta(days=4 * HORIZON)
SETTINGS = Training(iterations=60, learning_rate=0.15, selection_slices=2)


def feature(name: str) -> Feature:
    return Feature(name, "orders", "days", None, "rhythm", True, False, name, name)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def rows(make_training: Callable[..., pl.DataFrame]) -> pl.DataFrame:
    frame = make_training(800, 4)
    noise = np.random.default_rng(0).normal(size=frame.height)
    return frame.with_columns(noise=pl.Series(noise), recency_weeks=pl.col("recency_days") / 7)


@pytest.fixture(scope="module")
def inputs(features: list[Feature]) -> Inputs:
    return Inputs([*features, feature("noise"), feature("recency_weeks")], {}, SETTINGS)


def selected(rows: pl.DataFrame, inputs: Inputs) -> Selection:
    return select(rows, inputs, snapshot=SNAPSHOT, gap_days=0, horizon_days=HORIZON, on_fit=lambda *_: None)


@pytest.fixture(scope="module")
def selection(rows: pl.DataFrame, inputs: Inputs) -> Selection:
    return selected(rows, inputs)


def test_signal_stays_and_twins_and_noise_go_with_their_reasons(selection: Selection, inputs: Inputs) -> None:
    table = FeatureSelections.validate(selection_frame(selection, inputs.features, snapshot=SNAPSHOT))
    why = dict(table.select("feature", "why_dropped").iter_rows())
    assert {name for name, reason in why.items() if reason is None} >= {"late_deliveries_91d"}
    assert len({why["recency_days"], why["recency_weeks"]} & {None, "redundant"}) == 2
    assert why["noise"] in ("noise", "unstable")
    assert why["always_one"] == why["never_known"] == "unusable"
    assert "age_years" not in why  # protected


def test_labels_of_the_newest_slice_have_no_say(rows: pl.DataFrame, inputs: Inputs, selection: Selection) -> None:
    newest = pl.col("snapshot_date") == pl.col("snapshot_date").max()
    flipped = selected(rows.with_columns(is_churned=pl.col("is_churned") ^ newest), inputs)
    assert (flipped.hits, flipped.twins) == (selection.hits, selection.twins)
    np.testing.assert_array_equal(flipped.importance.mean_shap, selection.importance.mean_shap)


def test_the_order_of_rows_changes_nothing(rows: pl.DataFrame, inputs: Inputs, selection: Selection) -> None:
    assert selected(rows.sample(fraction=1.0, shuffle=True, seed=3), inputs).kept == selection.kept


def test_the_more_important_of_twins_stays_whatever_their_sign() -> None:
    frame = pl.DataFrame({"a": [1.0, 2.0, 3.0, None], "b": [-1.0, -2.0, -3.0, 0.0], "c": [1.0, 2.0, 4.0, None]})
    found = redundant(frame, {"a": 0.1, "c": 0.3, "b": 0.2})
    assert found == {"a": ("c", pytest.approx(1.0)), "b": ("c", pytest.approx(-1.0))}


def test_nothing_above_noise_is_no_selection(selection: Selection, inputs: Inputs) -> None:
    none = Selection(selection.importance, selection.twins, dict.fromkeys(selection.hits, 0.0))
    with pytest.raises(NothingKept, match=f"training set of {SNAPSHOT}"):
        selection_frame(none, inputs.features, snapshot=SNAPSHOT)
