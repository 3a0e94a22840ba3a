"""Why a user is at risk, in words a company can act on: contributions of features summed by reason group.

The contributions come from the model; who is scored is decided in `scoring`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from churn_assets.contracts.feature import REASON_GROUPS
from churn_assets.model.matrix import feature_matrix

if TYPE_CHECKING:
    from collections.abc import Sequence

    from churn_assets.contracts.feature import Feature
    from churn_assets.model.artifact import ChurnModel

REASONS = 3


def user_reasons(frame: pl.DataFrame, model: ChurnModel, features: Sequence[Feature]) -> pl.DataFrame:
    """The table `user_reasons`: one row per user of `frame` and reason rank, at most three.

    Groups are ranked by the sum of their features' contributions (log-odds), ties in the order of REASON_GROUPS; only
    sums above zero are reasons. `feature` is the strongest one in the group for that user, `feature_value` its value
    (null if unknown), `is_actionable` that feature's. Raises ValueError when the model uses a feature not described.
    """
    described = {feature.name: feature for feature in features}
    unknown = [name for name in model.columns if name not in described]
    if unknown:
        raise ValueError(f"The model uses features {unknown} that are not described; train it again with this mart.")
    used = [described[name] for name in model.columns]
    contributions, values = model.contributions(frame), feature_matrix(frame, model.columns)

    groups = len(REASON_GROUPS)
    sums = np.zeros((frame.height, groups))
    strongest = np.zeros((frame.height, groups), dtype=np.int64)
    for group, name in enumerate(REASON_GROUPS):
        members = np.array([i for i, feature in enumerate(used) if feature.reason_group == name], dtype=np.int64)
        if members.size:
            sums[:, group] = contributions[:, members].sum(axis=1)
            strongest[:, group] = members[contributions[:, members].argmax(axis=1)]

    # One flat row per user and rank: index of the user, of the group and of its strongest column.
    group_of = np.argsort(-sums, axis=1, kind="stable")[:, :REASONS].ravel()
    user_of = np.repeat(np.arange(frame.height), REASONS)
    column_of = strongest[user_of, group_of]
    return (
        frame.select("user_id", "snapshot_date")[user_of]
        .with_columns(
            reason_rank=pl.Series(np.tile(np.arange(1, REASONS + 1), frame.height), dtype=pl.Int64),
            reason_group=pl.Series(REASON_GROUPS).gather(group_of),
            feature=pl.Series(model.columns).gather(column_of),
            feature_value=pl.Series(values[user_of, column_of], nan_to_null=True),
            contribution=pl.Series(sums[user_of, group_of]),
            is_actionable=pl.Series([feature.is_actionable for feature in used]).gather(column_of),
        )
        .filter(pl.col("contribution") > 0)
        .sort("user_id", "reason_rank")
    )
