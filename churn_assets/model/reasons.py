"""Why a user is at risk: contributions of features summed by kind and reason group.

Only what can be said to a person is a reason: a known value that, as it is shown, lies on the risky side of the typical
one and away from it, where that side is one on which the catalogue calls the feature a reason, in a group that adds a
stated weight. What an unknown or typical value adds, one that is risky only together with others ("265 days since the
last order, typical: 297"), or one that is nothing to act on (a large order) stays in the probability and is no reason.
The contributions come from the model; `scoring` decides who is scored, `wording` writes the sentences.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from scipy.stats import rankdata

from churn_assets.contracts.feature import NOTHING_SHOWN, REASON_GROUPS
from churn_assets.contracts.user_reasons import KINDS
from churn_assets.model.matrix import feature_matrix
from churn_assets.model.wording import shown, with_sentences

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy.typing as npt

    from churn_assets.contracts.feature import Feature
    from churn_assets.model.artifact import ChurnModel
    from churn_assets.model.matrix import Floats

REASONS = 3
LEAST_DIFFERENCE = 0.1  # of the larger of value and typical value: 307 days are not another pause than 297
SIDES = {"high": (1,), "low": (-1,), "either": (1, -1), "never": ()}
DIRECTION_USERS = 5_000  # every n-th of more: a sign needs no more


@dataclass(frozen=True)
class Contributions:
    """What the features of each kind and group add to each user's log-odds, in the order of KINDS and REASON_GROUPS.

    `features`: those of the model, in its order; `values`: (rows, features), NaN where unknown. `sums`: (rows, kinds,
    groups), of the features that are reasons, at most 0 where none that adds can be worded; `strongest`: of the same
    shape, the place of the one to be worded that adds most. `typical`: feature -> median of the known values.
    """

    features: tuple[Feature, ...]
    values: Floats
    sums: Floats
    strongest: npt.NDArray[np.int64]
    typical: dict[str, float | None]
    least: float

    @property
    def totals(self) -> Floats:
        """(rows, groups): both kinds together; 0 where neither has the weight of a reason."""
        return np.where((self.sums >= self.least).any(axis=1), self.sums.sum(axis=1), 0.0)


def grouped_contributions(
    frame: pl.DataFrame, model: ChurnModel, features: Sequence[Feature], *, least: float
) -> Contributions:
    """Contributions of `frame`; `least`: log-odds that a group has to add to be a reason.

    Raises ValueError when the model uses a feature that is not described.
    """
    described = {feature.name: feature for feature in features}
    unknown = [name for name in model.columns if name not in described]
    if unknown:
        raise ValueError(f"The model uses features {unknown} that are not described; train it again with this mart.")
    used = tuple(described[name] for name in model.columns)
    contributions, values = model.contributions(frame), feature_matrix(frame, model.columns)
    typical = medians(frame, model.columns)
    medians_row = np.array(
        [[np.nan if typical[name] is None else typical[name] for name in model.columns]], dtype=float
    )
    directions = _directions(values, contributions)
    directions[[sign not in SIDES[each.reason_when] for sign, each in zip(directions, used, strict=True)]] = 0.0
    is_stated = _is_other(shown(values, used), shown(medians_row, used), directions)
    contributions = _of_measures(used, is_stated, contributions)
    is_worded = np.array([feature.is_worded for feature in used])
    sums = np.zeros((frame.height, len(KINDS), len(REASON_GROUPS)))
    strongest = np.zeros(sums.shape, dtype=np.int64)
    places = [(KINDS.index(_kind(feature)), REASON_GROUPS.index(feature.reason_group)) for feature in used]
    for kind, group in sorted(set(places)):
        members = np.array([i for i, place in enumerate(places) if place == (kind, group)])
        of_group = contributions[:, members]
        worded = np.where(is_worded[members], of_group, -np.inf)
        added = of_group.sum(axis=1)
        sums[:, kind, group] = np.where(worded.max(axis=1) > 0, added, np.minimum(added, 0.0))
        strongest[:, kind, group] = members[worded.argmax(axis=1)]
    return Contributions(used, values, sums, strongest, typical, least)


def _of_measures(used: Sequence[Feature], is_stated: npt.NDArray[np.bool_], contributions: Floats) -> Floats:
    """(rows, features): what a feature adds, 0 where it is not stated. A measure on several yardsticks adds all with
    the one that is stated and adds most: 240 days without an order, where 297 are typical, are a reason for a user who
    used to order every 30.
    """
    added = np.where(is_stated, contributions, 0.0)
    for measure in sorted({feature.measures for feature in used if feature.measures}):
        members = [place for place, feature in enumerate(used) if feature.measures == measure]
        spoken = np.where(is_stated[:, members], contributions[:, members], -np.inf)
        is_spoken_by = np.arange(len(members)) == spoken.argmax(axis=1)[:, None]
        total = contributions[:, members].sum(axis=1, keepdims=True)
        added[:, members] = np.where(is_spoken_by & is_stated[:, members], total, 0.0)
    return added


def _is_other(values: Floats, typical: Floats, directions: Floats) -> npt.NDArray[np.bool_]:
    """(rows, features): known, on the risky side of the typical value, and by enough that a reader would call it so."""
    difference = (values - typical) * directions
    return np.nan_to_num(difference) > LEAST_DIFFERENCE * np.nan_to_num(np.fmax(np.abs(values), np.abs(typical)))


def _directions(values: Floats, contributions: Floats) -> Floats:
    """(features,): 1 where risk rises with the value, -1 where it falls, by the rank correlation of users whose value
    is known; 0 where it does neither.
    """
    step = -(-len(values) // DIRECTION_USERS)
    signs = np.zeros(values.shape[1])
    for place, (column, added) in enumerate(zip(values[::step].T, contributions[::step].T, strict=True)):
        is_known = ~np.isnan(column)
        if np.ptp(added[is_known], axis=None) if is_known.any() else 0:
            ranks, added_ranks = rankdata(column[is_known]), rankdata(added[is_known])
            signs[place] = np.sign(((ranks - ranks.mean()) * (added_ranks - added_ranks.mean())).sum())
    return signs


def top_reasons(frame: pl.DataFrame, contributions: Contributions) -> pl.DataFrame:
    """One row per user: reason_1 to reason_3, the groups that add most, both kinds together; null where nothing does,
    and reason_1 then NOTHING_SHOWN. Ties go to the order of REASON_GROUPS.
    """
    totals = contributions.totals
    order = np.argsort(-totals, axis=1, kind="stable")[:, :REASONS]
    is_reason = np.take_along_axis(totals, order, axis=1) >= contributions.least
    groups = pl.Series(REASON_GROUPS)
    reasons = (
        pl.select(pl.when(pl.Series(is_reason[:, rank])).then(groups.gather(order[:, rank]))).to_series()
        for rank in range(REASONS)
    )
    return (
        frame.select("user_id")
        .with_columns(reason.alias(f"reason_{rank}") for rank, reason in enumerate(reasons, start=1))
        .with_columns(pl.col("reason_1").fill_null(NOTHING_SHOWN))
    )


def user_reasons(frame: pl.DataFrame, contributions: Contributions) -> pl.DataFrame:
    """The table `user_reasons`: one row per user of `frame`, kind and reason rank within the kind, at most three.

    `frame` is that of `contributions`. Groups are ranked by the sum of the contributions (log-odds) of their features
    of that kind, ties in the order of REASON_GROUPS; sums below `least` are no reasons. `feature` is the strongest one
    for that user, `feature_value` its value (null if unknown); the texts hold it against the median of `frame`.
    """
    # One flat row per user, kind and rank: index of the user, of the kind, of the group and of its strongest column.
    order = np.argsort(-contributions.sums, axis=2, kind="stable")[:, :, :REASONS]
    user_of, kind_of, rank_of = np.nonzero(np.take_along_axis(contributions.sums, order, axis=2) >= contributions.least)
    group_of = order[user_of, kind_of, rank_of]
    column_of = contributions.strongest[user_of, kind_of, group_of]
    names = pl.Series([feature.name for feature in contributions.features])
    reasons = frame.select("user_id", "snapshot_date")[user_of].with_columns(
        kind=pl.Series(KINDS).gather(kind_of),
        reason_rank=pl.Series(rank_of + 1, dtype=pl.Int64),
        reason_group=pl.Series(REASON_GROUPS).gather(group_of),
        feature=names.gather(column_of),
        feature_value=pl.Series(contributions.values[user_of, column_of], nan_to_null=True),
        contribution=pl.Series(contributions.sums[user_of, kind_of, group_of]),
    )
    return with_sentences(reasons, contributions.features, contributions.typical).sort("user_id", "kind", "reason_rank")


def medians(frame: pl.DataFrame, names: Iterable[str]) -> dict[str, float | None]:
    """Typical values: the median of the known values of each feature, None where no value is known."""
    return frame.select(pl.col(name).cast(pl.Float64).median() for name in names).row(0, named=True)


def _kind(feature: Feature) -> str:
    return "actionable" if feature.is_actionable else "explanatory"
