"""Bins over which the users of two snapshots are counted, column by column."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from churn_assets.model.matrix import Floats

MOST_QUANTILES, FEWEST_QUANTILES = 10, 2
# With fewer the shares vary so much that their logarithms are skewed: deciles of 100 users exceeded the critical value
# in 3.2 % of families instead of 1 %, halves in 1.2 % (20,000 simulated families of 20 features).
USERS_PER_QUANTILE = 100


def bin_counts(reference: Floats, current: Floats) -> tuple[Floats, Floats]:
    """(reference, current) users per bin of one column, NaN where it is unknown.

    Bins end at the deciles of the known reference values (at fewer quantiles for fewer than 1,000 users). Deciles that
    are one value are merged, and that value is a bin of its own, so that a change among those below or above it shows.
    The last bin holds the unknown. Ends lie halfway to the next value that occurs, so that small changes of an
    encoding are no drift: the share of users that encodes a channel changes each week in its third digit.
    """
    smaller = min(reference.size, current.size)
    quantiles = min(max(smaller // USERS_PER_QUANTILE, FEWEST_QUANTILES), MOST_QUANTILES)
    ascending = [np.sort(values) for values in (reference, current)]  # NaN comes last
    known = [values[: values.size - int(np.isnan(values).sum())] for values in ascending]
    edges = _edges(known[0], quantiles)
    of_reference, of_current = (
        np.diff(np.searchsorted(inner, edges, side="right"), prepend=0, append=(inner.size, column.size)).astype(float)
        for inner, column in zip(known, ascending, strict=True)
    )
    return of_reference, of_current


def group_counts(groups: Sequence[Floats]) -> Floats:
    """(groups, bins) users of one column, NaN where it is unknown. Bins end at quantiles of all groups but the last
    together: what the last one alone holds lies in the outermost bins. The last bin holds the unknown.
    """
    quantiles = min(max(min(group.size for group in groups) // USERS_PER_QUANTILE, FEWEST_QUANTILES), MOST_QUANTILES)
    known = [group[~np.isnan(group)] for group in groups]
    edges = _edges(np.sort(np.concatenate(known[:-1])), quantiles)
    bins = edges.size + 1
    counts = [np.bincount(np.searchsorted(edges, values, side="left"), minlength=bins) for values in known]
    unknown = [group.size - values.size for group, values in zip(groups, known, strict=True)]
    return np.column_stack([counts, unknown]).astype(float)


def _edges(ascending: Floats, quantiles: int) -> Floats:
    """Ends of the bins, ascending. The outermost bins are symmetric around the extreme values."""
    if not ascending.size:
        return ascending
    ranks = -(-ascending.size * np.arange(1, quantiles) // quantiles) - 1
    quantile_values = ascending[ranks]
    padded = np.concatenate([[np.nan], ascending, [np.nan]])
    below = quantile_values - padded[np.searchsorted(ascending, quantile_values, side="left")]
    above = padded[np.searchsorted(ascending, quantile_values, side="right") + 1] - quantile_values
    below, above = (np.nan_to_num(np.where(np.isnan(a), b, a)) for a, b in ((below, above), (above, below)))
    is_own = np.append(False, quantile_values[1:] == quantile_values[:-1])
    starts = np.minimum(quantile_values - below / 2, np.nextafter(quantile_values, -np.inf))[is_own]
    return np.unique(np.concatenate([quantile_values + above / 2, starts]))
