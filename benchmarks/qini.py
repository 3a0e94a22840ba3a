"""How well a ranking of users finds those whom a treatment moves: the Qini curve, its area, and what chance does to it.

The gain of treating the first k users of a ranking is what they did beyond as many users left alone (Radcliffe 2007).
The Qini coefficient here is the mean height of that curve above the straight line of a random order, per treated user,
in the unit of the outcome: 0 is no better than chance, negative is worse.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from churn_assets.effects.pooled import Floats

RESAMPLES = 200
PERCENTILES = (2.5, 97.5)


@dataclass(frozen=True)
class Qini:
    """`low`, `high`: 95 % interval by resampling users. `top_effect`: of the fifth that the ranking puts first."""

    value: float
    low: float
    high: float
    top_effect: float

    @property
    def is_proven(self) -> bool:
        return self.low > 0

    @property
    def is_harmful(self) -> bool:
        return self.high < 0


def qini(
    predicted: Floats, outcome: Floats, is_treated: npt.NDArray[np.bool_], *, seed: int = 0, top_share: float = 0.2
) -> Qini:
    """One entry per user, assigned by chance with one probability for all. Equal predictions stay in random order.

    Raises ValueError where a side is empty.
    """
    if is_treated.all() or not is_treated.any():
        raise ValueError("a Qini coefficient needs treated users and users left alone")
    random = np.random.default_rng(seed)
    order = np.lexsort((random.random(len(predicted)), -predicted))
    outcome, is_treated = outcome[order], is_treated[order]
    areas = np.array([
        _area(outcome[rows], is_treated[rows])
        for rows in (np.sort(random.integers(0, len(outcome), len(outcome))) for _ in range(RESAMPLES))
    ])  # fmt: skip
    low, high = np.percentile(areas, PERCENTILES)
    top = slice(0, max(round(top_share * len(outcome)), 1))
    return Qini(_area(outcome, is_treated), float(low), float(high), _difference(outcome[top], is_treated[top]))


def _area(outcome: Floats, is_treated: npt.NDArray[np.bool_]) -> float:
    """Of rows in the order of the ranking."""
    treated, control = np.cumsum(is_treated), np.cumsum(~is_treated)
    earned_treated = np.cumsum(np.where(is_treated, outcome, 0.0))
    earned_control = np.cumsum(np.where(is_treated, 0.0, outcome))
    gain = earned_treated - earned_control * treated / np.maximum(control, 1)
    line = gain[-1] * np.arange(1, len(gain) + 1) / len(gain)
    return float((gain - line).mean() / treated[-1])


def _difference(outcome: Floats, is_treated: npt.NDArray[np.bool_]) -> float:
    if is_treated.all() or not is_treated.any():
        return float("nan")
    return float(outcome[is_treated].mean() - outcome[~is_treated].mean())
