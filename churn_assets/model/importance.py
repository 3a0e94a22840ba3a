"""How much each feature moves the trees' predictions, slice by slice, on users that the trees had not learned from.

Importance is the mean |SHAP| in log-odds (Lundberg et al. 2020) over the users of the slice; it needs no labels.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from scipy.stats import kendalltau, rankdata, spearmanr

from churn_assets.model.boosting import fit_boosting

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from churn_assets.model.matrix import Floats
    from churn_assets.settings import Training

SHAP_ROWS = 20_000  # of a slice at most, evenly spaced: their mean has a relative error of about 1 %
SHADOW = "shadow_of_"


@dataclass(frozen=True)
class Importance:
    """`mean_shap`: (slices, features), 0 where a feature was unusable in the training rows of that slice."""

    features: tuple[str, ...]
    slices: tuple[date, ...]
    mean_shap: Floats

    @property
    def ranks(self) -> Floats:
        """(slices, features), 1 is the most important; equal ones share the mean rank."""
        return np.array([rankdata(-row) for row in self.mean_shap])

    def agreement(self) -> tuple[float, float] | None:
        """(Spearman's rho, Kendall's tau) between the ranks of two slices, mean over all pairs; None with one slice."""
        pairs = list(combinations(self.mean_shap, 2))
        if not pairs:
            return None
        rho = np.mean([spearmanr(one, other).statistic for one, other in pairs])
        return float(rho), float(np.mean([kendalltau(one, other).statistic for one, other in pairs]))


def mean_shap(
    training: pl.DataFrame, test: pl.DataFrame, columns: Sequence[str], settings: Training
) -> dict[str, float]:
    """Column -> mean |SHAP| over the users in `test`, for trees fitted on `training`."""
    sample = test[np.arange(min(SHAP_ROWS, test.height)) * test.height // min(SHAP_ROWS, test.height)]
    values = np.abs(fit_boosting(training, columns, settings).contributions(sample)).mean(axis=0)
    return dict(zip(columns, values.tolist(), strict=True))


def with_shadows(frame: pl.DataFrame, columns: Sequence[str], seed: int) -> pl.DataFrame:
    """A shadow beside each column: the same values permuted over users, which carry no information."""
    random = np.random.default_rng(seed)
    return frame.with_columns(frame[name][random.permutation(frame.height)].alias(SHADOW + name) for name in columns)
