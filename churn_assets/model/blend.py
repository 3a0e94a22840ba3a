"""Trees and logistic RFM averaged in log-odds: on small or poor data the regression steadies the trees.

On CDNOW, where there is nothing but recency, frequency and money, trees alone lose to the logistic regression; the mean
of both does not. On Complete Journey it ranks like the trees alone (2026-11).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from churn_assets.model.boosting import BoostedTrees
from churn_assets.model.rfm import LogisticRfm

if TYPE_CHECKING:
    import polars as pl

    from churn_assets.model.matrix import Floats


@dataclass(frozen=True)
class Blend:
    """Both models, fitted on the same rows."""

    trees: BoostedTrees
    logistic: LogisticRfm

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the trees, then those that only the regression uses."""
        return self.trees.columns + tuple(name for name in self.logistic.columns if name not in self.trees.columns)

    def log_odds(self, frame: pl.DataFrame) -> Floats:
        """Log-odds of churn, one per row, before calibration."""
        return blended(self.trees.log_odds(frame), self.logistic.log_odds(frame))

    def contributions(self, frame: pl.DataFrame) -> Floats:
        """(rows, columns): the mean of both halves' contributions, in log-odds."""
        total = np.zeros((frame.height, len(self.columns)))
        for half in (self.trees, self.logistic):
            total[:, [self.columns.index(name) for name in half.columns]] += half.contributions(frame) / 2
        return total


def blended(trees: Floats, logistic: Floats) -> Floats:
    """The mean of both log-odds."""
    return (trees + logistic) / 2
