from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl
import pytest

from churn_assets.contracts.feature import RFM_COLUMNS
from churn_assets.model.rfm import fit_rfm

MakeTraining = Callable[..., pl.DataFrame]


def test_coefficients_of_a_known_world_are_found(make_training: MakeTraining) -> None:
    model = fit_rfm(make_training(4000, 2, service=0.0))
    per_log_unit = dict(zip(model.columns, np.array(model.coefficients) / np.array(model.scales), strict=True))
    assert per_log_unit["recency_days"] == pytest.approx(0.9, abs=0.15)
    assert per_log_unit["orders_count"] == pytest.approx(-0.8, abs=0.3)


def test_standardisation_is_that_of_the_training_rows(make_training: MakeTraining) -> None:
    frame = make_training(200, 1)
    model = fit_rfm(frame)
    assert model.means == pytest.approx([frame[name].log1p().mean() for name in RFM_COLUMNS], abs=1e-9)
    assert model.log_odds(frame.head(1)) == pytest.approx(model.log_odds(frame)[:1])


def test_contributions_add_up_to_the_log_odds(make_training: MakeTraining) -> None:
    frame = make_training(200, 1)
    model = fit_rfm(frame)
    assert model.contributions(frame).sum(axis=1) + model.intercept == pytest.approx(model.log_odds(frame))


def test_a_constant_column_contributes_nothing(make_training: MakeTraining) -> None:
    frame = make_training(200, 1).with_columns(tenure_days=pl.lit(100.0))
    assert not fit_rfm(frame).contributions(frame)[:, RFM_COLUMNS.index("tenure_days")].any()


@pytest.mark.parametrize("value", [None, -1.0])
def test_null_and_negative_values_are_refused_by_name(make_training: MakeTraining, value: float | None) -> None:
    frame = make_training(200, 1).with_columns(spent_amount=pl.lit(value, dtype=pl.Float64))
    with pytest.raises(ValueError, match=r"Columns \['spent_amount'\] hold a null or negative value"):
        fit_rfm(frame)
