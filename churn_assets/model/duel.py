"""Two models on the same users: how much better one predicts, in log-loss, and how sure that is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from scipy.stats import ttest_1samp

if TYPE_CHECKING:
    import numpy.typing as npt

    from churn_assets.model.matrix import Floats

# Segments that every shop has, by the columns that every training set has. Windows and counts, no protected column.
SEGMENTS = {
    "one order": pl.col("orders_count") == 1,
    "several orders": pl.col("orders_count") > 1,
    "bought within 28 days": pl.col("recency_days") <= 28,  # noqa: PLR2004
    "silent for longer": pl.col("recency_days") > 28,  # noqa: PLR2004
    "user for half a year at most": pl.col("tenure_days") <= 182,  # noqa: PLR2004
    "user for longer": pl.col("tenure_days") > 182,  # noqa: PLR2004
}
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
    """What `ours` saves against `theirs`, probabilities of the same users, none of them 0 or 1; two users at least."""
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
    for name, belongs in SEGMENTS.items():
        if belongs.meta.root_names()[0] not in rows.columns:
            continue
        inside = rows.select(belongs.fill_null(value=False)).to_series().to_numpy()
        if inside.sum() >= max(LARGE_USERS, LARGE_SHARE * rows.height):
            gains[name] = paired_gain(is_churned[inside], ours[inside], theirs[inside])
    if not gains:
        return None, None
    name = min(gains, key=lambda each: gains[each].high)
    return name, gains[name]


def _losses(is_churned: npt.NDArray[np.bool_], probability: Floats) -> Floats:
    return -np.log(np.where(is_churned, probability, 1 - probability))
