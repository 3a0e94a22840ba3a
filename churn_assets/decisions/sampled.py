"""Rows of the users who were given an option as often as it may be the best. Nothing is decided here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from churn_assets.contracts.decision_ledger import NO_ARM
from churn_assets.contracts.sampled_options import SampledOptions
from churn_assets.decisions.policies import policy_version

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from churn_assets.decisions.options import Option
    from churn_assets.decisions.problem import Floats
    from churn_assets.decisions.random_side import RandomSide
    from churn_assets.settings.decisions import Decisions


def sampled_rows(
    side: RandomSide | None, users: pl.DataFrame, options: Sequence[Option], settings: Decisions, snapshot: date,
    among_chances: Floats | None = None,
) -> pl.DataFrame:  # fmt: skip
    """Contract SampledOptions, in the order of `users`. `side`: None where nobody is sampled. `among_chances`: (users,
    options + 1), the last of none.
    """
    if side is None or among_chances is None or not side.is_member.any():
        return SampledOptions.empty()
    names = [*(option.treatment for option in options), NO_ARM]
    ids, version, rows = users["user_id"], policy_version(settings), []
    for row in np.flatnonzero(side.is_member).tolist():
        own = [*sorted(np.flatnonzero(side.among[row]).tolist(), key=names.__getitem__), len(options)]
        rows.append({
            "user_id": ids[row],
            "snapshot_date": snapshot,
            "policy_version": version,
            "treatments": [names[column] for column in own],
            "chances": [float(among_chances[row, column]) for column in own],
            "treatment": names[side.option[row]],
            "propensity": float(side.propensity[row]),
        })  # fmt: skip
    return SampledOptions.validate(pl.DataFrame(rows, schema=SampledOptions.empty().schema), lazy=True)
