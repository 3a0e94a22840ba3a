"""Whether reasons are stable: reasons of the same users with and without a little noise on their features.

A method of explaining is worth little where nearly equal users get different explanations (Alvarez-Melis and Jaakkola
2018, "On the robustness of interpretability methods"). Whether a reason is right is not tested here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from churn_assets.model.reasons import REASONS, grouped_contributions

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from churn_assets.contracts.feature import Feature
    from churn_assets.model.artifact import ChurnModel
    from churn_assets.model.matrix import Floats

NOISE_SHARE = 0.01
NO_GROUP = -1


@dataclass(frozen=True)
class Stability:
    """Stability over `users`, with noise on `features_with_noise` features: shares, and a mean rank correlation."""

    users: int
    features_with_noise: int
    same_reason_share: float
    same_three_share: float
    rank_agreement: float


def reasons_stability(
    frame: pl.DataFrame,
    model: ChurnModel,
    features: Sequence[Feature],
    *,
    least: float,
    sample: int,
    seed: int,
    noise_share: float = NOISE_SHARE,
) -> Stability:
    """How the reasons of up to `sample` users of `frame` (one row per eligible user) change with a little noise.

    `least`: log-odds of a reason. Noise as in `with_noise`, with standard deviations over all of `frame`.
    same_reason_share: the group that adds most is the same (having no reason counts as a group); same_three_share: so
    is the set of the first three.
    rank_agreement: Spearman's correlation of the groups' sums before and after, mean over users.
    Raises ValueError on a frame without rows.
    """
    if frame.is_empty():
        raise ValueError("user_features: no eligible user whose reasons could be compared.")
    noisy, names = with_noise(frame, model.columns, seed=seed, noise_share=noise_share)
    sampled = np.sort(np.random.default_rng(seed).permutation(frame.height)[:sample])
    before, after = (
        grouped_contributions(rows[sampled], model, features, least=least).totals for rows in (frame, noisy)
    )
    return Stability(
        users=len(sampled),
        features_with_noise=len(names),
        same_reason_share=float((_top_groups(before, 1) == _top_groups(after, 1)).all(axis=1).mean()),
        same_three_share=float((_top_groups(before, REASONS) == _top_groups(after, REASONS)).all(axis=1).mean()),
        rank_agreement=float(_spearman(before, after).mean()),
    )


def with_noise(
    frame: pl.DataFrame, columns: Sequence[str], *, seed: int, noise_share: float = NOISE_SHARE
) -> tuple[pl.DataFrame, list[str]]:
    """`frame` with normal noise of `noise_share` x standard deviation on known continuous values, and where it is.

    Continuous is a feature with a value that is not whole. Counts, flags and codes have no noise: they are exact,
    and their smallest step, such as one order more, is not small. Unknown stays unknown, and no value leaves the range
    of the known ones, so that no amount becomes negative.
    """
    random = np.random.default_rng(seed)
    values = {name: frame[name].cast(pl.Float64) for name in columns}
    names = [name for name, column in values.items() if (column != column.round(0)).any()]
    noisy = frame.with_columns(_with_normal_noise(values[name], noise_share, random) for name in names)
    return noisy, names


def _with_normal_noise(column: pl.Series, noise_share: float, random: np.random.Generator) -> pl.Series:
    known = column.drop_nulls().to_numpy()
    noise = pl.Series(random.standard_normal(len(column))) * float(known.std()) * noise_share
    return (column + noise).clip(float(known.min()), float(known.max()))


def _top_groups(totals: Floats, count: int) -> npt.NDArray[np.int64]:
    """(rows, count): the groups that add most, ascending by group so that their order does not matter."""
    order = np.argsort(-totals, axis=1, kind="stable")[:, :count]
    return np.sort(np.where(np.take_along_axis(totals, order, axis=1) > 0, order, NO_GROUP), axis=1)


def _spearman(before: Floats, after: Floats) -> Floats:
    """Rank correlation per row; groups with equal sums (not used by the model) rank in the same order in both."""
    ranks = [np.argsort(np.argsort(totals, axis=1, kind="stable"), axis=1) for totals in (before, after)]
    count = before.shape[1]
    squares = ((ranks[0] - ranks[1]) ** 2).sum(axis=1)
    return np.asarray(1 - 6 * squares / (count * (count**2 - 1)))
