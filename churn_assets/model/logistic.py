"""Logistic regression on all treated features: the bar for the trees, and the linear half of the blend.

Kept as plain numbers, so that it can be read, stored as JSON and predicted with numpy. On CDNOW, where there is little
but recency, frequency and money, it ranks better than any trees (AUC .808 against .806, 1998-01-01).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from sklearn.linear_model import LogisticRegression

from churn_assets.model.matrix import Floats, feature_matrix
from churn_assets.model.series import Series
from churn_assets.model.standard import plain, standardisation
from churn_assets.model.treatment import TreatedFeatures, filled_values

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from churn_assets.contracts.feature import Feature
    from churn_assets.contracts.treatment import Treatment

# Of the sum of squared coefficients, in log-loss summed over rows: at a tenth of it the log-loss out of time is worse
# by .01 on CDNOW while its feature windows are still filling; nowhere by more than .001 at this value.
RIDGE = 100.0
LOGGED_FROM = 2.0  # shares, flags and small ratios stay as they are; what reaches further is counted on a log scale
FARTHEST = 4.0  # standard deviations; what few rows of the training had says little of the next
LEAST_KNOWN = 0.05  # of the rows of each slice
FIT_ROWS = 200_000  # 300 coefficients need no more


@dataclass(frozen=True)
class Logistic:
    """Coefficients on standardised terms: first the columns, bounded, filled and partly as log1p, then an indicator
    (0 or 1) for each of `flagged`, which had a gap in a training row.
    """

    columns: tuple[str, ...]
    lows: tuple[float, ...]
    highs: tuple[float, ...]
    fillings: tuple[float, ...]
    series: tuple[Series, ...]
    is_logged: tuple[bool, ...]
    flagged: tuple[str, ...]
    means: tuple[float, ...]
    scales: tuple[float, ...]
    coefficients: tuple[float, ...]
    intercept: float

    def log_odds(self, frame: pl.DataFrame) -> Floats:
        """Log-odds of churn, one per row."""
        return np.asarray(self._standardised(frame) @ np.array(self.coefficients) + self.intercept)

    def contributions(self, frame: pl.DataFrame) -> Floats:
        """(rows, columns): coefficient x standardised value, of an indicator with its column, in log-odds."""
        terms = self._standardised(frame) * np.array(self.coefficients)
        contributions: Floats = terms[:, : len(self.columns)]
        contributions[:, [self.columns.index(name) for name in self.flagged]] += terms[:, len(self.columns) :]
        return contributions

    def _standardised(self, frame: pl.DataFrame) -> Floats:
        is_flagged = np.isin(self.columns, self.flagged)
        values = filled_values(
            feature_matrix(frame, self.columns),
            self.columns,
            bounds=(np.array(self.lows), np.array(self.highs)),
            fillings=np.array(self.fillings),
            series=self.series,
            has_gap=is_flagged,
        )
        terms = _logged(values, np.array(self.is_logged))
        return _bounded((terms - np.array(self.means)) / np.array(self.scales))


def fit_logistic(training: pl.DataFrame, features: Sequence[Feature], treatments: Mapping[str, Treatment]) -> Logistic:
    """Fit on rows with snapshot_date, is_churned and the features; those that are seldom known in a slice are left out.

    Of more than FIT_ROWS rows every n-th in the order given. Raises ValueError where no feature is left.
    """
    rows = training.gather_every(-(-training.height // FIT_ROWS))
    treated = TreatedFeatures(_known_throughout(rows, features), treatments).fit(rows)
    values = treated.transform(rows)
    known = feature_matrix(rows, treated.names_)
    # Where the treatment sets no bounds, those of the training rows: a line knows nothing of what lies beyond.
    lows, highs = (
        np.where(np.isfinite(bounds), bounds, edge(known, axis=0))
        for bounds, edge in ((treated.lows_, np.nanmin), (treated.highs_, np.nanmax))
    )
    is_logged = (lows >= 0) & (highs > LOGGED_FROM)
    terms = _logged(values, is_logged)
    means, scales, is_constant = standardisation(terms)
    standardised = np.where(is_constant, 0.0, _bounded((terms - means) / scales))
    regression = LogisticRegression(C=1 / RIDGE, solver="newton-cholesky", tol=1e-8)
    regression.fit(standardised, rows["is_churned"].to_numpy())
    return Logistic(
        columns=treated.names_,
        lows=plain(lows),
        highs=plain(highs),
        fillings=plain(treated.fillings_),
        series=treated.series_,
        is_logged=tuple(is_logged.tolist()),
        flagged=tuple(name for name, has in zip(treated.names_, treated.has_gap_, strict=True) if has),
        means=plain(means),
        scales=plain(scales),
        coefficients=plain(np.where(is_constant, 0.0, regression.coef_[0])),
        intercept=plain(regression.intercept_)[0],
    )


def _known_throughout(rows: pl.DataFrame, features: Sequence[Feature]) -> list[Feature]:
    """Features of which at least LEAST_KNOWN is known in every slice, and that vary.

    While a shop is young some cannot be known yet: the spend of the quarter before last. What a few rows teach of them
    would count for everybody once they are.
    """
    known = (
        rows.group_by("snapshot_date", maintain_order=True)
        .agg(pl.col(each.name).count() / pl.len() for each in features)
        .min()
        .row(0, named=True)
    )
    kept = [
        each for each in features if known[each.name] >= LEAST_KNOWN and rows[each.name].drop_nulls().n_unique() > 1
    ]
    if not kept:
        raise ValueError("training_set: no feature is known throughout its slices; a logistic regression needs one.")
    return kept


def _logged(values: Floats, is_logged: npt.NDArray[np.bool_]) -> Floats:
    """Of `values` (features, then indicators) the logged features as log1p."""
    logged = values.copy()
    columns = np.flatnonzero(is_logged)
    logged[:, columns] = np.log1p(values[:, columns])
    return logged


def _bounded(standardised: Floats) -> Floats:
    return np.asarray(np.clip(standardised, -FARTHEST, FARTHEST))
