"""Bins over which the users of two snapshots are counted, column by column."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from churn_assets.model.matrix import Floats

MOST_QUANTILES, FEWEST_QUANTILES = 10, 2
# With fewer the shares vary so much that their logarithms are skewed: deciles of 100 users exceeded the critical value
# in 3.2 % of families instead of 1 %, halves in 1.2 % (20,000 simulated families of 20 features).
USERS_PER_QUANTILE = 100


def bin_counts(reference: Floats, current: Floats) -> tuple[Floats, Floats]:
    """Users of each side per bin, of one column with NaN where it is unknown.

    Bins end at the deciles of the known reference values (at fewer quantiles for fewer than 1,000 users). Deciles that
    are one value are merged, and that value is a bin of its own, so that a change among those below or above it shows.
    The last bin holds the unknown. Ends lie halfway to the next value that occurs: a share of users by which a channel
    is coded moves in its third digit each week, and nothing has changed for that.
    """
    smaller = min(reference.size, current.size)
    quantiles = min(max(smaller // USERS_PER_QUANTILE, FEWEST_QUANTILES), MOST_QUANTILES)
    ascending = [np.sort(values) for values in (reference, current)]  # NaN comes last
    known = [values[: values.size - int(np.isnan(values).sum())] for values in ascending]
    edges = _edges(known[0], quantiles)
    of_reference, of_current = (
        np.diff(np.searchsorted(some, edges, side="right"), prepend=0, append=(some.size, every.size)).astype(float)
        for some, every in zip(known, ascending, strict=True)
    )
    return of_reference, of_current


def _edges(ascending: Floats, quantiles: int) -> Floats:
    """Ends of the bins, ascending. At either end of the values a bin reaches as far out as it does in."""
    if not ascending.size:
        return ascending
    ranks = -(-ascending.size * np.arange(1, quantiles) // quantiles) - 1
    found = ascending[ranks]
    padded = np.concatenate([[np.nan], ascending, [np.nan]])
    below = found - padded[np.searchsorted(ascending, found, side="left")]
    above = padded[np.searchsorted(ascending, found, side="right") + 1] - found
    below, above = (np.nan_to_num(np.where(np.isnan(a), b, a)) for a, b in ((below, above), (above, below)))
    is_own = np.append(False, found[1:] == found[:-1])
    starts = np.minimum(found - below / 2, np.nextafter(found, -np.inf))[is_own]
    return np.unique(np.concatenate([found + above / 2, starts]))
