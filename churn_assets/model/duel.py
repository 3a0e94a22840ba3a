"""Two models on the same users: how much better one predicts, in log-loss, with an interval."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import ttest_1samp

from churn_assets.model.segments import segments_of

if TYPE_CHECKING:
    import numpy.typing as npt
    import polars as pl

    from churn_assets.model.matrix import Floats

LARGE_SHARE = 0.1  # of the users tested; in a smaller segment chance decides
LARGE_USERS = 200


@dataclass(frozen=True)
class Gain:
    """Log-loss saved per user, in nats, with its 95 % interval; above zero is better."""

    mean: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"log-loss lower by {self.mean:.4f} [{self.low:.4f}, {self.high:.4f}]"


def paired_gain(is_churned: npt.NDArray[np.bool_], ours: Floats, theirs: Floats) -> Gain:
    """Log-loss saved by `ours` against `theirs`: probabilities of the same two or more users, none of them 0 or 1."""
    difference = _losses(is_churned, theirs) - _losses(is_churned, ours)
    if not np.ptp(difference):
        return Gain(*(float(difference[0]),) * 3)
    interval = ttest_1samp(difference, 0).confidence_interval(0.95)
    return Gain(float(difference.mean()), float(interval.low), float(interval.high))


def worst_segment(
    rows: pl.DataFrame, is_churned: npt.NDArray[np.bool_], ours: Floats, theirs: Floats
) -> tuple[str | None, Gain | None]:
    """The large segment of `rows` whose gain has the lowest upper end, by name; (None, None) without a large one."""
    gains = {}
    for name, inside in segments_of(rows):
        if inside.sum() >= max(LARGE_USERS, LARGE_SHARE * rows.height):
            gains[name] = paired_gain(is_churned[inside], ours[inside], theirs[inside])
    if not gains:
        return None, None
    name = min(gains, key=lambda each: gains[each].high)
    return name, gains[name]


def _losses(is_churned: npt.NDArray[np.bool_], probability: Floats) -> Floats:
    return -np.log(np.where(is_churned, probability, 1 - probability))
