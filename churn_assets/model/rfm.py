"""The baseline: logistic regression on log1p of recency, frequency, money and tenure.

Kept as plain coefficients, so that it can be read, stored as JSON and predicted with numpy. Any subset of the columns
can be fitted; recency alone is the simplest rival in the comparison.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from sklearn.linear_model import LogisticRegression

from churn_assets.contracts.feature import RFM_COLUMNS
from churn_assets.model.matrix import Floats, feature_matrix
from churn_assets.model.standard import plain, standardisation

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True)
class LogisticRfm:
    """Coefficients on standardised log1p columns; means and scales are those of the training rows."""

    columns: tuple[str, ...]
    means: tuple[float, ...]
    scales: tuple[float, ...]
    coefficients: tuple[float, ...]
    intercept: float

    def log_odds(self, frame: pl.DataFrame) -> Floats:
        """Log-odds of churn, one per row."""
        return np.asarray(self.contributions(frame).sum(axis=1) + self.intercept)

    def contributions(self, frame: pl.DataFrame) -> Floats:
        """(rows, columns): coefficient x standardised value, in log-odds; they add up to log_odds - intercept."""
        standardised = (_log1p(frame, self.columns) - np.array(self.means)) / np.array(self.scales)
        return np.asarray(standardised * np.array(self.coefficients))


def fit_rfm(training: pl.DataFrame, columns: tuple[str, ...] = RFM_COLUMNS) -> LogisticRfm:
    """Fit on rows with `is_churned` and `columns`. Raises ValueError naming a column with a null or negative value."""
    values = _log1p(training, columns)
    means, scales, is_constant = standardisation(values)
    model = LogisticRegression(solver="newton-cholesky", tol=1e-10)
    model.fit(np.where(is_constant, 0.0, (values - means) / scales), training["is_churned"].to_numpy())
    coefficients = np.where(is_constant, 0.0, model.coef_[0])
    return LogisticRfm(columns, plain(means), plain(scales), plain(coefficients), plain(model.intercept_)[0])


def _log1p(frame: pl.DataFrame, columns: tuple[str, ...]) -> Floats:
    values = feature_matrix(frame, columns)
    invalid = [name for name, column in zip(columns, values.T, strict=True) if not (column >= 0).all()]
    if invalid:
        raise ValueError(f"Columns {invalid} hold a null or negative value; every eligible user has these, from 0 up.")
    return np.log1p(values)
