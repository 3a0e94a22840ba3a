"""Which contributions can be said to a person, in a plain loop: for features in days."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from scipy.stats import spearmanr


def stated_in_a_plain_loop(contributions: np.ndarray, frame: pl.DataFrame, names: Sequence[str]) -> np.ndarray:
    """Contributions of values that are known and, as shown, riskier than typical by more than a tenth; others are 0."""
    stated = np.zeros_like(contributions)
    for place, name in enumerate(names):
        known = [user for user in range(frame.height) if frame[name][user] is not None]
        values, added = [float(frame[name][user]) for user in known], contributions[known, place]
        if len(set(added)) < 2:
            continue
        typical = _as_days(float(np.median(values)))
        is_rising = spearmanr(values, added).statistic > 0
        for user, value in zip(known, map(_as_days, values), strict=True):
            riskier = value - typical if is_rising else typical - value
            if riskier > 0.1 * max(value, typical):
                stated[user, place] = contributions[user, place]
    return stated


def _as_days(value: float) -> float:
    return round(value) if value >= 10 else round(value, 1)
