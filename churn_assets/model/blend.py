"""Trees and a logistic regression averaged in log-odds: on small or poor data the regression steadies the trees.

How much the trees count is learned out of time, from predictions of both for rows that neither has seen.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from churn_assets.model.boosting import BoostedTrees
from churn_assets.model.calibration import first_half, fit_calibrator
from churn_assets.model.evaluation import log_loss
from churn_assets.model.logistic import Logistic

if TYPE_CHECKING:
    import numpy.typing as npt
    import polars as pl

    from churn_assets.model.matrix import Floats

EQUAL_SHARE = 0.5
SHARES = np.linspace(0, 1, 11)  # of the trees; finer ones differ by less than chance does
# By which another share than a half must be better, in log-loss: the best of eleven is better by chance.
LEAST_GAIN = 0.0005


@dataclass(frozen=True)
class Blend:
    """Both models, fitted on the same rows, and the share of the trees; the regression has the rest."""

    trees: BoostedTrees
    logistic: Logistic
    trees_share: float

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the trees, then those that only the regression uses."""
        return self.trees.columns + tuple(name for name in self.logistic.columns if name not in self.trees.columns)

    def log_odds(self, frame: pl.DataFrame) -> Floats:
        """Log-odds of churn, one per row, before calibration."""
        return blended(self.trees.log_odds(frame), self.logistic.log_odds(frame), self.trees_share)

    def contributions(self, frame: pl.DataFrame) -> Floats:
        """(rows, columns): both halves' contributions by their shares, in log-odds."""
        total = np.zeros((frame.height, len(self.columns)))
        for half, share in ((self.trees, self.trees_share), (self.logistic, 1 - self.trees_share)):
            total[:, [self.columns.index(name) for name in half.columns]] += half.contributions(frame) * share
        return total


def blended(trees: Floats, logistic: Floats, trees_share: float) -> Floats:
    """Both log-odds, weighted."""
    return trees_share * trees + (1 - trees_share) * logistic


def learned_share(is_churned: npt.NDArray[np.bool_], trees: Floats, logistic: Floats) -> float:
    """The share of the trees with the least calibrated log-loss, of predictions that are out of time; a half where no
    other is better by LEAST_GAIN.
    """
    losses = {float(share): _loss(is_churned, blended(trees, logistic, share)) for share in SHARES}
    best = min(losses, key=lambda share: (losses[share], abs(share - EQUAL_SHARE)))
    return best if losses[best] < losses[EQUAL_SHARE] - LEAST_GAIN else EQUAL_SHARE


def cross_blended(
    is_churned: npt.NDArray[np.bool_], trees: Floats, logistic: Floats, user_ids: npt.NDArray[np.str_]
) -> Floats:
    """Log-odds of the blend for a comparison: each half of the users, by hash, with the share learned on the other."""
    first = first_half(user_ids)
    log_odds = np.empty_like(trees)
    for half in (first, ~first):
        share = learned_share(is_churned[~half], trees[~half], logistic[~half])
        log_odds[half] = blended(trees[half], logistic[half], share)
    return log_odds


def _loss(is_churned: npt.NDArray[np.bool_], log_odds: Floats) -> float:
    return log_loss(is_churned, fit_calibrator(is_churned, log_odds).probability(log_odds))
