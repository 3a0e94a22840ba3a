"""Features prepared for models that take no missing values and are sensitive to outliers, by the treatment per family.

Everything is learned from the training rows and only applied to others: bounds, fillings, and which columns have an
indicator. Unknown never becomes zero by itself: a gap gets a value that training rows had, beside an indicator.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin

from churn_assets.model.matrix import Floats, feature_matrix
from churn_assets.model.series import Series, fill_from_series, regular_series

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import polars as pl

    from churn_assets.contracts.feature import Feature
    from churn_assets.contracts.treatment import Treatment

INDICATOR = "is_missing_"
# A column of more distinct values than this is a quantity, which has no meaningful mode.
MOST_CODES = 12


class TreatedFeatures(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Polars frame -> float64 matrix without a gap, for scikit-learn pipelines; columns: get_feature_names_out().

    `features` are the columns, in order; `treatments` one per family of these features. First come the features, then
    `is_missing_<feature>` (0 or 1, of the frame as it came) for each that had a gap in a training row. Scaling is not
    done here. With `takes_gaps` (trees) the features come as they are, NaN where unknown, and nothing is learned.
    """

    def __init__(
        self, features: Sequence[Feature], treatments: Mapping[str, Treatment], *, takes_gaps: bool = False
    ) -> None:
        self.features = features
        self.treatments = treatments
        self.takes_gaps = takes_gaps

    def fit(self, training: pl.DataFrame, y: object = None) -> Self:  # noqa: ARG002 - scikit-learn passes labels
        """Learn bounds and fillings from the rows of `training`.

        Raises ValueError naming features without a treatment, and those unknown in every training row, which have no
        value to impute.
        """
        self.names_ = tuple(feature.name for feature in self.features)
        if self.takes_gaps:
            return self
        treatments = [self._stated(feature) for feature in self.features]
        values = feature_matrix(training, self.names_)
        gaps = np.isnan(values)
        always_unknown = [name for name, column in zip(self.names_, gaps.T, strict=True) if column.all()]
        if always_unknown:
            raise ValueError(
                f"Features {always_unknown} are unknown in every training row; leave them out (usable_columns)."
            )
        self.lows_ = np.array(
            [_quantile(column, treatment, 0) for column, treatment in zip(values.T, treatments, strict=True)]
        )
        self.highs_ = np.array(
            [_quantile(column, treatment, 1) for column, treatment in zip(values.T, treatments, strict=True)]
        )
        interpolated = [
            feature
            for feature, treatment in zip(self.features, treatments, strict=True)
            if treatment.missing == "interpolate"
        ]
        self.series_ = regular_series(interpolated)
        self.has_gap_: np.ndarray = np.asarray(gaps.any(axis=0))
        bounded = np.clip(values, self.lows_, self.highs_)
        self.fillings_ = np.array(
            [
                _filling(column[~np.isnan(column)], treatment)
                for column, treatment in zip(bounded.T, treatments, strict=True)
            ]
        )
        return self

    def transform(self, frame: pl.DataFrame) -> Floats:
        """(rows, columns) of any frame with the features; the rows do not influence each other."""
        values = feature_matrix(frame, self.names_)
        if self.takes_gaps:
            return values
        return filled_values(
            values,
            self.names_,
            bounds=(self.lows_, self.highs_),
            fillings=self.fillings_,
            series=self.series_,
            has_gap=self.has_gap_,
        )

    def get_feature_names_out(self, input_features: object = None) -> np.ndarray:  # noqa: ARG002 - scikit-learn's
        """Names of the columns of `transform`."""
        indicators: list[str] = []
        if not self.takes_gaps:
            indicators = [INDICATOR + name for name, has in zip(self.names_, self.has_gap_, strict=True) if has]
        return np.array([*self.names_, *indicators], dtype=object)

    def _stated(self, feature: Feature) -> Treatment:
        if feature.family not in self.treatments:
            raise ValueError(f"Feature {feature.name}: no treatment is stated for its family {feature.family!r}.")
        return self.treatments[feature.family]


def filled_values(
    values: Floats,
    names: Sequence[str],
    *,
    bounds: tuple[Floats, Floats],
    fillings: Floats,
    series: Sequence[Series],
    has_gap: np.ndarray,
) -> Floats:
    """(rows, names and then an indicator for each that `has_gap`): bounded and filled by what was learned."""
    gaps = np.isnan(values)
    bounded = np.clip(fill_from_series(np.clip(values, *bounds), names, series), *bounds)
    return np.hstack([np.where(np.isnan(bounded), fillings, bounded), gaps[:, has_gap].astype(np.float64)])


def _quantile(column: Floats, treatment: Treatment, end: int) -> float:
    """A value that training rows had: between two of them there may be none."""
    if treatment.outliers == "none":
        return (-np.inf, np.inf)[end]
    return float(np.nanquantile(column, treatment.quantiles[end], method="higher" if end else "lower"))


def _filling(known: Floats, treatment: Treatment) -> float:
    if treatment.missing == "mode":
        values, counts = np.unique(known, return_counts=True)
        if len(values) > MOST_CODES:
            return float(np.median(known))
        return float(values[counts.argmax()])  # the smallest of several: the same whatever the order of the rows
    return float(np.median(known))
