"""Difference of two means with unequal variances. Nothing here knows what the numbers stand for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

if TYPE_CHECKING:
    import numpy.typing as npt

CONFIDENCE = 0.95
FEWEST_USERS = 2  # per arm; one value has no spread


@dataclass(frozen=True)
class Difference:
    """Mean of the treated minus mean of the control users with a 95 % interval and a two-sided p-value."""

    effect: float
    low: float
    high: float
    p_value: float


def welch(treated: npt.NDArray[np.float64], control: npt.NDArray[np.float64]) -> Difference | None:
    """Welch's (1947) interval and test; None when no spread can be estimated: under two users, or none of them differ.

    Written out because scipy.stats.ttest_ind warns of lost precision whenever one arm is constant and not zero, which
    is a small arm in which everybody came back. Agrees with it to the last digits otherwise.
    """
    if min(treated.size, control.size) < FEWEST_USERS:
        return None
    share, control_share = treated.var(ddof=1) / treated.size, control.var(ddof=1) / control.size
    variance = share + control_share
    if variance == 0:
        return None
    freedom = variance**2 / (share**2 / (treated.size - 1) + control_share**2 / (control.size - 1))
    effect, error = treated.mean() - control.mean(), np.sqrt(variance)
    reach = stats.t.ppf((1 + CONFIDENCE) / 2, freedom) * error
    p_value = 2 * stats.t.sf(abs(effect) / error, freedom)
    return Difference(float(effect), float(effect - reach), float(effect + reach), float(p_value))
