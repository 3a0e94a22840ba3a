from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from churn_assets.contracts.feature import Feature
from churn_assets.model.matrix import feature_matrix, usable_columns

MakeTraining = Callable[..., pl.DataFrame]


def test_protected_null_and_constant_features_do_not_reach_the_model(
    make_training: MakeTraining, features: list[Feature]
) -> None:
    used, dropped = usable_columns(make_training(50, 1), features)
    assert used == (
        "recency_days", "orders_count", "spent_amount", "tenure_days", "late_deliveries_91d", "rating_mean",
    )  # fmt: skip
    assert dropped == ("always_one", "never_known")


def test_protected_features_are_used_once_admitted(make_training: MakeTraining, features: list[Feature]) -> None:
    training = make_training(50, 1)
    used, dropped = usable_columns(training, features)
    admitted, dropped_again = usable_columns(training, features, admit_protected=True)
    assert set(admitted) - set(used) == {"age_years"}
    assert dropped_again == dropped


def test_a_protected_extra_column_is_never_admitted(make_training: MakeTraining, features: list[Feature]) -> None:
    own = replace(features[0], name="extra_income", is_protected=True)
    training = make_training(50, 1).with_columns(extra_income="recency_days")
    used, dropped = usable_columns(training, [*features, own], admit_protected=True)
    assert "age_years" in used
    assert "extra_income" not in (*used, *dropped)


def test_a_column_of_one_value_and_unknowns_is_kept(features: list[Feature]) -> None:
    frame = pl.DataFrame({"recency_days": [1.0, None]})
    assert usable_columns(frame, features[:1]) == (("recency_days",), ())


def test_a_column_unknown_in_too_many_rows_is_left_out_and_named(features: list[Feature]) -> None:
    frame = pl.DataFrame({"recency_days": [1.0, 2.0, 3.0, 4.0], "orders_count": [1, 2, None, None]})
    used, dropped = usable_columns(frame, features[:2], max_missing_share=0.4)
    assert (used, dropped) == (("recency_days",), ("orders_count",))
    assert usable_columns(frame, features[:2], max_missing_share=0.5) == (("recency_days", "orders_count"), ())


def test_null_becomes_nan_and_boolean_a_number() -> None:
    frame = pl.DataFrame({"a": [1, None], "b": [True, False]})
    np.testing.assert_array_equal(feature_matrix(frame, ("b", "a")), [[1.0, 1.0], [0.0, np.nan]])


def test_absent_text_and_no_columns_are_refused_by_name() -> None:
    frame = pl.DataFrame({"a": ["x"], "b": [1]})
    with pytest.raises(ValueError, match=r"\['c'\] are not in the frame"):
        feature_matrix(frame, ("b", "c"))
    with pytest.raises(ValueError, match=r"these are not: a \(String\)"):
        feature_matrix(frame, ("a", "b"))
    with pytest.raises(ValueError, match="No feature column is left"):
        feature_matrix(frame, ())


def test_an_unknown_reason_group_is_refused(features: list[Feature]) -> None:
    with pytest.raises(ValueError, match="Feature f: reason_group 'mood' is unknown"):
        replace(features[0], name="f", reason_group="mood")  # type: ignore[arg-type]
