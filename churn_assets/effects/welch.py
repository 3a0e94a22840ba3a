"""Difference of two means with unequal variances, in one stratum or several."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from churn_assets.effects.pooled import is_rounding

Floats = npt.NDArray[np.float64]

CONFIDENCE = 0.95
FEWEST_USERS = 2  # per arm; one value has no variance


@dataclass(frozen=True)
class Difference:
    """Mean of the treated minus mean of the control users with a 95 % interval and a two-sided p-value."""

    effect: float
    low: float
    high: float
    p_value: float


@dataclass(frozen=True)
class Stratum:
    """Outcomes of both sides; `users`: the weight, all users of the stratum, those of other arms included."""

    users: int
    treated: Floats
    control: Floats


def stratified(strata: Sequence[Stratum]) -> Difference | None:
    """Weighted mean of the differences within the strata, with Welch's (1947) interval and test: variances add up with
    the squares of the weights, degrees of freedom are Satterthwaite's over all sides.

    None when no variance can be estimated: a side with under two users, or without two different outcomes.
    """
    total = sum(stratum.users for stratum in strata)
    sides = [(stratum.users / total, side) for stratum in strata for side in (stratum.treated, stratum.control)]
    if not sides or min(side.size for _, side in sides) < FEWEST_USERS:
        return None
    shares = np.array([weight**2 * side.var(ddof=1) / side.size for weight, side in sides])
    variance = shares.sum()
    if is_rounding(float(np.sqrt(variance)), np.concatenate([side for _, side in sides])):
        return None
    freedom = variance**2 / sum(share**2 / (side.size - 1) for share, (_, side) in zip(shares, sides, strict=True))
    effect = sum(stratum.users * (stratum.treated.mean() - stratum.control.mean()) for stratum in strata) / total
    error = np.sqrt(variance)
    reach = stats.t.ppf((1 + CONFIDENCE) / 2, freedom) * error
    p_value = 2 * stats.t.sf(abs(effect) / error, freedom)
    return Difference(float(effect), float(effect - reach), float(effect + reach), float(p_value))


def welch(treated: Floats, control: Floats) -> Difference | None:
    """The difference in one stratum.

    Not from scipy because scipy.stats.ttest_ind warns of lost precision whenever one arm is constant and not zero,
    such as a small arm in which every user came back. Otherwise both agree to the last digits.
    """
    return stratified([Stratum(treated.size + control.size, treated, control)])
