"""Which features say the same as a more important one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_CORRELATION = 0.95


def redundant(frame: pl.DataFrame, importance: Mapping[str, float]) -> dict[str, tuple[str, float]]:
    """Feature -> (the one kept instead, their Spearman correlation over the rows of `frame`).

    From the most important down, a feature falls whose |correlation| with one that stays is above MAX_CORRELATION.
    Unknown counts as below every value, which is where the trees sort it too. A constant is like nothing else.
    """
    names = sorted(importance, key=lambda name: (-importance[name], name))
    ranks = frame.select(pl.col(name).cast(pl.Float64).rank().fill_null(0.0) for name in names).to_numpy()
    away = ranks - ranks.mean(axis=0)
    length = np.sqrt((away**2).sum(axis=0))
    units = np.divide(away, length, out=np.zeros_like(away), where=length > 0)
    correlation = np.clip(units.T @ units, -1, 1)
    kept: list[int] = []
    fallen = {}
    for at, name in enumerate(names):
        nearest = max(kept, key=lambda other: abs(correlation[at, other]), default=at)
        if nearest != at and abs(correlation[at, nearest]) > MAX_CORRELATION:
            fallen[name] = (names[nearest], float(correlation[at, nearest]))
        else:
            kept.append(at)
    return fallen
