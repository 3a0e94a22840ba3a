from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from churn_assets.contracts.feature import Feature
from churn_assets.contracts.treatment import Treatment
from churn_assets.model.matrix import usable_columns
from churn_assets.model.treatment import TreatedFeatures

MakeTraining = Callable[..., pl.DataFrame]
STATED = {
    "orders": Treatment("orders", "winsorise", (0.1, 0.9), "median"),
    "profile": Treatment("profile", "none", (0, 1), "mode"),
    "price": Treatment("price", "none", (0, 1), "interpolate"),
}
VALUES = st.one_of(st.none(), st.floats(1, 1e6))


def feature(name: str, family: str = "orders", unit: str = "days", window: int | None = None) -> Feature:
    return Feature(name, family, unit, window, "rhythm", True, False, name, name)


def treated(features: list[Feature], training: Mapping[str, object], frame: Mapping[str, object]) -> list[list[float]]:
    fitted = TreatedFeatures(features, STATED).fit(pl.DataFrame(training))
    found: list[list[float]] = fitted.transform(pl.DataFrame(frame)).tolist()
    return found


def test_outliers_become_the_quantiles_of_the_training_rows() -> None:
    training = {"a": [float(n) for n in range(11)]}
    assert treated([feature("a")], training, {"a": [-50.0, 4.5, 1e9]}) == [[1], [4.5], [9]]
    assert treated([feature("a", "profile")], training, {"a": [-50.0, 1e9]}) == [[-50], [1e9]]


def test_a_gap_takes_the_median_of_the_training_rows_and_says_so() -> None:
    training = {"a": [1.0, 2.0, 9.0, None], "b": [1, 2, 3, 4]}
    fitted = TreatedFeatures([feature("a"), feature("b")], STATED).fit(pl.DataFrame(training))
    assert fitted.get_feature_names_out().tolist() == ["a", "b", "is_missing_a"]
    frame = pl.DataFrame({"a": [None, 2.0], "b": [None, 3]})
    assert fitted.transform(frame).tolist() == [[2, 2.5, 1], [2, 3, 0]]


def test_a_flag_takes_the_mode_but_a_quantity_in_its_family_the_median() -> None:
    flag, quantity = feature("flag", "profile"), feature("quantity", "profile")
    assert treated([flag], {"flag": [True, True, False, None]}, {"flag": [None, False]}) == [[1, 1], [0, 0]]
    spread = [1.0, 1.0, *(float(n) for n in range(2, 20)), None]
    assert treated([quantity], {"quantity": spread}, {"quantity": pl.Series([None], dtype=pl.Float64)}) == [[9.5, 1]]


def test_a_regular_series_is_interpolated_within_the_user() -> None:
    series = [feature(f"share_{days}d", "price", "share", days) for days in (7, 28, 112)]
    training = {one.name: [0.2, 0.4, None] for one in series}
    rows = {"share_7d": [None, 0.1, None], "share_28d": [None, None, None], "share_112d": [0.6, 0.3, None]}
    values = treated(series, training, pl.DataFrame(rows, schema=dict.fromkeys(rows, pl.Float64)).to_dict())
    expected = [[0.6, 0.6, 0.6, 1, 1, 0], [0.1, 0.2, 0.3, 0, 1, 0], [0.3, 0.3, 0.3, 1, 1, 1]]
    np.testing.assert_allclose(values, expected)


def test_counts_are_no_regular_series() -> None:
    counts = [feature(f"late_{days}d", "price", "orders", days) for days in (7, 28)]
    training = {"late_7d": [1.0, 3.0, None], "late_28d": [1.0, 9.0, 9.0]}
    row = pl.DataFrame({"late_7d": [None], "late_28d": [9.0]}, schema_overrides={"late_7d": pl.Float64})
    assert treated(counts, training, row.to_dict()) == [[2, 9, 1]]


def test_trees_get_what_is_there() -> None:
    frame = pl.DataFrame({"a": [1.0, None, 1e9]})
    fitted = TreatedFeatures([feature("a")], STATED, takes_gaps=True).fit(frame)
    np.testing.assert_array_equal(fitted.transform(frame), [[1], [np.nan], [1e9]])
    assert fitted.get_feature_names_out().tolist() == ["a"]


@given(st.lists(st.tuples(VALUES, VALUES), min_size=2, max_size=12), st.lists(VALUES, min_size=1, max_size=4))
def test_unknown_never_becomes_zero_and_nothing_is_learned_from_what_is_scored(
    training: list[tuple[float | None, float | None]], scored: list[float | None]
) -> None:
    """No training row holds a zero, so none may come out; and a row is treated the same alone and among others."""
    training = [*training, (5.0, 7.0)]
    schema = {"a": pl.Float64, "share_7d": pl.Float64, "share_28d": pl.Float64}
    features = [
        feature("a"),
        feature("share_7d", "price", "share", 7),
        feature("share_28d", "price", "share", 28),
    ]
    rows = pl.DataFrame([(a, a, b) for a, b in training], schema=schema, orient="row")
    fitted = TreatedFeatures(features, STATED).fit(rows)
    frame = pl.DataFrame([(a, a, a) for a in scored], schema=schema, orient="row")
    values = fitted.transform(frame)
    assert (values[:, :3] != 0).all()
    assert not np.isnan(values).any()
    alone = np.vstack([fitted.transform(frame[row]) for row in range(frame.height)])
    np.testing.assert_array_equal(values, alone)


def test_the_order_of_the_training_rows_does_not_matter(make_training: MakeTraining, features: list[Feature]) -> None:
    training = make_training(300, 1)
    used = [one for one in features if one.name in usable_columns(training, features)[0]]
    frame = make_training(50, 1, seed=9)
    one, other = (TreatedFeatures(used, STATED).fit(rows).transform(frame) for rows in (training, training.reverse()))
    np.testing.assert_array_equal(one, other)


def test_it_is_a_step_of_a_scikit_learn_pipeline(make_training: MakeTraining, features: list[Feature]) -> None:
    training = make_training(400, 1)
    used = [one for one in features if one.name in usable_columns(training, features)[0]]
    model = make_pipeline(clone(TreatedFeatures(used, STATED)), StandardScaler(), LogisticRegression())
    model.fit(training, training["is_churned"].to_numpy())
    assert model.score(training, training["is_churned"].to_numpy()) > 0.6


def test_what_cannot_be_treated_is_named() -> None:
    frame = pl.DataFrame({"a": pl.Series([None, None], dtype=pl.Float64)})
    with pytest.raises(ValueError, match=r"\['a'\] are unknown in every training row"):
        TreatedFeatures([feature("a")], STATED).fit(frame)
    with pytest.raises(ValueError, match="Feature a: no treatment is stated for its family 'moons'"):
        TreatedFeatures([feature("a", "moons")], STATED).fit(frame)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"outliers": "hide"}, "Family orders: outliers 'hide' is unknown"),
        ({"missing": "zero"}, "Family orders: missing 'zero' is unknown"),
        ({"quantiles": (0.9, 0.1)}, r"Family orders: quantiles \[0.9, 0.1\] must ascend"),
    ],
)
def test_a_statement_that_says_nothing_known_is_refused(wrong: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(STATED["orders"], **wrong)  # type: ignore[arg-type]
