"""Calibrated probabilities: Platt scaling on log-odds, and the calibration error.

The caller fits a slope on predictions for rows that the model has not seen. A mean is one number that hardly overfits,
so an intercept may be fitted on rows the model learned from.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import brentq, minimize
from scipy.special import expit

if TYPE_CHECKING:
    import numpy.typing as npt

    from churn_assets.model.matrix import Floats

# Prior around "leave as is" (slope 1, intercept 0): wide, it matters only where rows are few or perfectly separated.
PRIOR_SD = 10.0
# A slope of zero or less would lose or reverse the ranking.
MIN_SLOPE = 0.05
FARTHEST = 50.0  # log-odds beyond which every probability is 0 or 1
DECIMALS = 10  # further digits are noise of the optimiser and must not reach the artefact's bytes


@dataclass(frozen=True)
class Calibrator:
    """calibrated log-odds = slope x log-odds + intercept; slope > 0, so ranks are kept."""

    slope: float = 1.0
    intercept: float = 0.0

    def probability(self, log_odds: Floats) -> Floats:
        """Calibrated probabilities."""
        return np.asarray(expit(self.slope * log_odds + self.intercept), dtype=np.float64)

    def with_mean(self, log_odds: Floats, mean: float) -> Calibrator:
        """A calibrator of the same slope at which these rows have this mean probability, strictly in 0 to 1."""

        def excess(intercept: float) -> float:
            return float(replace(self, intercept=intercept).probability(log_odds).mean()) - mean

        reach = FARTHEST + self.slope * float(np.abs(log_odds).max())
        return replace(self, intercept=round(float(brentq(excess, -reach, reach, xtol=1e-12)), DECIMALS))

    def moved(self, shift: float) -> Calibrator:
        """A calibrator of the same slope that moves every user's log-odds by `shift`."""
        return replace(self, intercept=round(self.intercept + shift, DECIMALS))


def fit_calibrator(is_churned: npt.NDArray[np.bool_], log_odds: Floats) -> Calibrator:
    """Slope and intercept of least log-loss (Platt 1999), with a wide prior and slope >= MIN_SLOPE."""
    y = is_churned.astype(np.float64)

    def loss(parameters: Floats) -> tuple[float, Floats]:
        slope, intercept = parameters
        z = slope * log_odds + intercept
        from_prior = parameters - np.array([1.0, 0.0])
        residual = expit(z) - y
        value = (np.logaddexp(0.0, z) - y * z).sum() + (from_prior**2).sum() / (2 * PRIOR_SD**2)
        gradient = np.array([(residual * log_odds).sum(), residual.sum()]) + from_prior / PRIOR_SD**2
        return float(value / y.size), gradient / y.size

    optimum = minimize(
        loss, x0=[1.0, 0.0], jac=True, method="L-BFGS-B", bounds=[(MIN_SLOPE, None), (None, None)],
        options={"ftol": 1e-14, "gtol": 1e-9},
    )  # fmt: skip
    slope, intercept = (round(float(value), DECIMALS) for value in optimum.x)
    return Calibrator(slope, intercept)


def cross_calibrated(is_churned: npt.NDArray[np.bool_], log_odds: Floats, user_ids: npt.NDArray[np.str_]) -> Floats:
    """Cross-fitted probabilities: each half of the users, by hash, is calibrated on the other half."""
    first = first_half(user_ids)
    probability = np.empty_like(log_odds)
    for half in (first, ~first):
        probability[half] = fit_calibrator(is_churned[~half], log_odds[~half]).probability(log_odds[half])
    return probability


def first_half(user_ids: npt.NDArray[np.str_]) -> npt.NDArray[np.bool_]:
    """Half of the users, by hash: the same ones whatever the rows."""
    return np.array([hashlib.sha256(user.encode()).digest()[0] % 2 == 0 for user in user_ids])


def ece(y: npt.NDArray[np.bool_], p: Floats, bins: int = 10) -> float:
    """Expected calibration error over equal-width bins: mean |churn rate - mean probability|, weighted by rows."""
    index = np.minimum((p * bins).astype(np.int64), bins - 1)
    gaps = np.bincount(index, weights=y.astype(np.float64) - p, minlength=bins)
    return float(np.abs(gaps).sum() / y.size)
