"""Who was on which side of the comparison of the policy in use with business as usual and the holdout."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from churn_assets.contracts.decision_ledger import NO_ARM
from churn_assets.contracts.policy_sides import BY_POLICY, BY_USUAL, HOLDOUT, PolicySides
from churn_assets.decisions.policies import policy_version

if TYPE_CHECKING:
    from churn_assets.decisions.allocation import Allocation
    from churn_assets.decisions.draws import Draws
    from churn_assets.decisions.options import Option
    from churn_assets.decisions.random_side import RandomSide
    from churn_assets.decisions.usual import Usual
    from churn_assets.settings.decisions import Decisions


def side_rows(
    users: pl.DataFrame, options: tuple[Option, ...], settings: Decisions,
    allocation: Allocation, draws: Draws, random: RandomSide, usual: Usual,
) -> pl.DataFrame:  # fmt: skip
    """Contract PolicySides, in the order of `users`."""
    names = np.array([*(option.treatment for option in options), NO_ARM], dtype=object)  # -1 is the last
    side = np.select([draws.holdout, usual.is_member], [HOLDOUT, BY_USUAL], BY_POLICY)
    in_holdout, as_usual = settings.holdout_share, settings.usual_share
    chances = {HOLDOUT: in_holdout, BY_USUAL: (1 - in_holdout) * as_usual, BY_POLICY: (1 - in_holdout) * (1 - as_usual)}
    is_meant = ~random.is_member & ((allocation.options >= 0) | (usual.options >= 0))
    rows = users.select(
        "user_id",
        "snapshot_date",
        policy_version=pl.lit(policy_version(settings)),
        policy=pl.Series(names[allocation.options].tolist(), dtype=pl.String),
        usual=pl.Series(names[usual.options].tolist(), dtype=pl.String),
        side=pl.Series(side.tolist(), dtype=pl.String),
        propensity=pl.Series([chances[name] for name in side], dtype=pl.Float64),
    ).filter(pl.Series(is_meant))
    return PolicySides.validate(rows, lazy=True)
