"""Which feature columns a model gets, and frame -> numpy matrix. No scaling, no filling."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import polars as pl

if TYPE_CHECKING:
    from collections.abc import Sequence

    from churn_assets.contracts.feature import Feature

Floats = npt.NDArray[np.float64]


def usable_columns(
    training: pl.DataFrame,
    features: Sequence[Feature],
    *,
    admit_protected: bool = False,
    max_missing_share: float = 1.0,
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(used, dropped) names, in the order of `features`.

    Dropped are those null or constant in every training row, and those null in a larger share than `max_missing_share`.
    Protected features are in neither unless admitted. Raises ValueError naming features the frame does not have.
    """
    names = [feature.name for feature in features if not feature.is_withheld(admit_protected=admit_protected)]
    _assert_present(training, names)
    most = max_missing_share * training.height
    dropped = tuple(name for name in names if training[name].n_unique() == 1 or training[name].null_count() > most)
    return tuple(name for name in names if name not in dropped), dropped


def feature_matrix(frame: pl.DataFrame, names: Sequence[str]) -> Floats:
    """(rows, names) as float64, NaN where null. Raises ValueError naming absent, non-numeric or no columns."""
    if not names:
        raise ValueError("No feature column is left for the model: every one is protected, null or constant.")
    _assert_present(frame, names)
    kinds = frame.schema  # once: polars builds it whenever it is asked for
    other = [f"{name} ({kinds[name]})" for name in names if not _is_number(kinds[name])]
    if other:
        raise ValueError(f"Feature columns must be numeric or boolean, these are not: {', '.join(other)}.")
    return frame.select(pl.col(name).cast(pl.Float64) for name in names).to_numpy()


def _assert_present(frame: pl.DataFrame, names: Sequence[str]) -> None:
    present = set(frame.columns)
    absent = [name for name in names if name not in present]
    if absent:
        raise ValueError(f"Feature columns {absent} are not in the frame; rebuild user_features with them.")


def _is_number(dtype: pl.DataType) -> bool:
    return dtype.is_numeric() or dtype == pl.Boolean
