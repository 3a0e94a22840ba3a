"""The population stability index: how differently two groups of users are spread over bins, and its critical value.

PSI = sum over bins of (q - p) ln(q / p) with p and q the shares of reference and current users: 0 where both are alike.
Where nothing has changed it is distributed about as (1/n + 1/m) chi-square(B - 1), for n reference and m current users
and B bins (Yurdakul 2018, Statistical Properties of Population Stability Index, Western Michigan University,
dissertation 3208): in ten bins of 300 users on either side 0.1 is exceeded by chance one time in eleven, with 100,000
users 0.0003 is. The share is an upper bound: users who are on both sides make the sides more alike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import chdtri

if TYPE_CHECKING:
    from churn_assets.model.matrix import Floats

EMPTY = 0.5  # users counted in a bin that is empty on one side only: the logarithm needs more than 0


def psi(reference: Floats, current: Floats) -> Floats:
    """PSI of users counted per bin (last axis). A bin that is empty on one side counts as half a user there; a bin that
    is empty on both sides is left out.
    """
    is_bin = used_bins(reference, current)
    p, q = (_shares(np.where(is_bin, np.maximum(users, EMPTY), 0.0)) for users in (reference, current))
    ratio = np.where(is_bin, q, 1.0) / np.where(is_bin, p, 1.0)
    return np.asarray(((q - p) * np.log(ratio)).sum(axis=-1))


def psi_critical(reference_users: int, users: int, bins: int, *, false_alarm_share: float) -> float:
    """The value that the PSI of unchanged users exceeds with this probability; 0 with one bin, where the PSI is 0."""
    if bins == 1:
        return 0.0
    return float((1 / reference_users + 1 / users) * chdtri(bins - 1, false_alarm_share))


def used_bins(reference: Floats, current: Floats) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """Which bins hold a user of either side."""
    return np.asarray((reference > 0) | (current > 0))


def _shares(users: Floats) -> Floats:
    return np.asarray(users / users.sum(axis=-1, keepdims=True))
