"""Windows of one measure of one user as a series: discount_share_7d, _28d, _91d, _182d.

A series is regular where values do not grow with the window: shares, ratios, stars. A shorter window lies inside the
longer one, so what is unknown in 7 days (nothing was bought) is best estimated by the value of 28 days. Counts and
sums are not regular: they are unknown in all windows or in none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from churn_assets.contracts.feature import Feature
    from churn_assets.model.matrix import Floats

REGULAR_UNITS = ("share", "ratio", "stars")
# (name, window in days), ascending by window.
Series = tuple[tuple[str, int], ...]


def regular_series(features: Sequence[Feature]) -> tuple[Series, ...]:
    """The series among the features, two windows at least each."""
    by_measure: dict[str, list[tuple[str, int]]] = {}
    for feature in features:
        if feature.window_days and feature.unit in REGULAR_UNITS:
            measure = feature.name.removesuffix(f"_{feature.window_days}d")
            by_measure.setdefault(measure, []).append((feature.name, feature.window_days))
    return tuple(
        tuple(sorted(series, key=lambda window: window[1])) for series in by_measure.values() if len(series) > 1
    )


def fill_from_series(values: Floats, names: Sequence[str], series: Sequence[Series]) -> Floats:
    """A copy of (rows, names) in which a gap is filled from the same row: between two known windows on the line over
    the logarithm of days, else the nearest known window. A row without a known window keeps its gaps.
    """
    filled = values.copy()
    for windows in series:
        columns = np.array([names.index(name) for name, _ in windows])
        days = np.log([window for _, window in windows])
        block = values[:, columns]
        gaps = np.isnan(block)
        # Rows with the same gaps are filled at once: there are few patterns, and many rows.
        patterns, pattern_of_row = np.unique(gaps, axis=0, return_inverse=True)
        for number, pattern in enumerate(patterns):
            if pattern.any() and not pattern.all():
                rows = np.flatnonzero(pattern_of_row.ravel() == number)
                filled[np.ix_(rows, columns)] = block[rows][:, ~pattern] @ _weights(days, ~pattern)
    return filled


def _weights(days: Floats, is_known: np.ndarray) -> Floats:
    """(known, all): how much each known window counts in each window; a known one is itself."""
    return np.array([np.interp(days, days[is_known], unit) for unit in np.eye(int(is_known.sum()))])
