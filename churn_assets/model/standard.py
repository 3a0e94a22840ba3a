"""Standardised columns, and numbers as they are kept in an artefact."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from churn_assets.model.matrix import Floats

# The last digits of a fit depend on the number of BLAS threads and must not reach the artefact's bytes.
DECIMALS = 10
SMALLEST_SPREAD = 1e-9  # of the mean


def standardisation(values: Floats) -> tuple[Floats, Floats, npt.NDArray[np.bool_]]:
    """(means, scales, is_constant) per column; the scale of a constant is 1.

    A column of one value has a standard deviation of 1e-16 rather than 0 where its mean is not exact.
    """
    means, scales = values.mean(axis=0), values.std(axis=0)
    is_constant = scales <= SMALLEST_SPREAD * np.maximum(np.abs(means), 1.0)
    scales[is_constant] = 1.0
    return means, scales, is_constant


def plain(values: Floats) -> tuple[float, ...]:
    """Rounded to DECIMALS."""
    return tuple(round(float(value), DECIMALS) for value in values)
