"""The segments in which models are compared, by columns that every training set has.

No protected column is among these columns. A user is in one segment of each pair.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    import numpy.typing as npt

NEW_DAYS = 90  # a quarter: before that the longer windows have little data of a user
RECENT_DAYS = 28
SEGMENTS = {
    "bought_once": pl.col("orders_count") == 1,
    "bought_again": pl.col("orders_count") > 1,
    "recent": pl.col("recency_days") <= RECENT_DAYS,
    "silent": pl.col("recency_days") > RECENT_DAYS,
    "new": pl.col("tenure_days") <= NEW_DAYS,
    "established": pl.col("tenure_days") > NEW_DAYS,
}


def segments_of(rows: pl.DataFrame) -> Iterator[tuple[str, npt.NDArray[np.bool_]]]:
    """Each segment's name, and per row of `rows` whether the user is in it; false where the column is unknown."""
    for name, belongs in SEGMENTS.items():
        yield name, rows.select(belongs.fill_null(value=False)).to_series().to_numpy()
