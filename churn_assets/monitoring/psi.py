"""The population stability index: how differently two groups of users are spread over bins, and how much chance gives.

PSI = sum over bins of (q - p) ln(q / p) with p and q the shares of reference and current users: 0 where both are alike.
Where nothing has changed it is distributed about as (1/n + 1/m) chi-square(B - 1), for n reference and m current users
and B bins (Yurdakul 2018, Statistical Properties of Population Stability Index, Western Michigan University,
dissertation 3208): in ten bins of 300 users on either side 0.1 is exceeded by chance one time in eleven, with 100,000
users 0.0003 is. The share is the most: users who stand on both sides make them more alike than two draws would be.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import chdtri

if TYPE_CHECKING:
    from churn_assets.model.matrix import Floats

MOST_QUANTILES, FEWEST_QUANTILES = 10, 2
# With fewer the shares vary so much that their logarithms are skewed: deciles of 100 users exceeded the critical value
# in 3.2 % of families instead of 1 %, halves in 1.2 % (20,000 simulated families of 20 features).
USERS_PER_QUANTILE = 100
EMPTY = 0.5  # users that an empty bin is read as, when the other side has some in it: the logarithm needs one


def psi(reference: Floats, current: Floats) -> Floats:
    """Of users counted per bin (last axis). A bin that is empty on one side is read as half a user there; one that is
    empty on both is no bin.
    """
    is_bin = used_bins(reference, current)
    p, q = (_shares(np.where(is_bin, np.maximum(users, EMPTY), 0.0)) for users in (reference, current))
    ratio = np.where(is_bin, q, 1.0) / np.where(is_bin, p, 1.0)
    return np.asarray(((q - p) * np.log(ratio)).sum(axis=-1))


def psi_critical(reference_users: int, users: int, bins: int, *, false_alarm_share: float) -> float:
    """What the PSI exceeds with this probability though nothing has changed; 0 with one bin, where it is 0 itself."""
    if bins == 1:
        return 0.0
    return float((1 / reference_users + 1 / users) * chdtri(bins - 1, false_alarm_share))


def used_bins(reference: Floats, current: Floats) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """Which bins hold a user of either side."""
    return np.asarray((reference > 0) | (current > 0))


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


def _shares(users: Floats) -> Floats:
    return np.asarray(users / users.sum(axis=-1, keepdims=True))
