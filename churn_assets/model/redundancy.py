"""Which features are redundant: highly correlated with a more important one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_CORRELATION = 0.95


def redundant(frame: pl.DataFrame, importance: Mapping[str, float]) -> dict[str, tuple[str, float]]:
    """Dropped feature -> (the feature kept instead, their Spearman correlation over the rows of `frame`).

    From the most important down, a feature is dropped whose |correlation| with a kept one is above MAX_CORRELATION.
    Unknown counts as below every value, as in the trees. A constant correlates with nothing.
    """
    names = sorted(importance, key=lambda name: (-importance[name], name))
    ranks = frame.select(pl.col(name).cast(pl.Float64).rank().fill_null(0.0) for name in names).to_numpy()
    centred = ranks - ranks.mean(axis=0)
    length = np.sqrt((centred**2).sum(axis=0))
    units = np.divide(centred, length, out=np.zeros_like(centred), where=length > 0)
    correlation = np.clip(units.T @ units, -1, 1)
    kept_places: list[int] = []
    dropped = {}
    for place, name in enumerate(names):
        nearest = max(kept_places, key=lambda other: abs(correlation[place, other]), default=place)
        if nearest != place and abs(correlation[place, nearest]) > MAX_CORRELATION:
            dropped[name] = (names[nearest], float(correlation[place, nearest]))
        else:
            kept_places.append(place)
    return dropped
