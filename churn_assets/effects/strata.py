"""Where a campaign's allocation changed: users who were assigned by the same probabilities belong to one stratum.

Only within a stratum is the assignment random. A campaign that went from 10 % to 50 % treated has two strata; a pooled
comparison would compare autumn with summer.
"""

from __future__ import annotations

from datetime import datetime
from itertools import groupby
from operator import itemgetter

import polars as pl

from churn_assets.contracts.experiment_readout import CONTROL_ARMS

ROUNDING = 1e-9  # propensities closer than this are the same number computed in two ways
MOST_STRATA = 20
# Stated propensities are often rounded to two digits: three arms of 0.33 are meant to add up.
SUM_TOLERANCE = 0.015


def is_control(arm: str = "arm") -> pl.Expr:
    """Whether the arm is a control arm, in any case of letters."""
    return pl.col(arm).str.to_lowercase().is_in(CONTROL_ARMS)


def with_strata(users: pl.DataFrame) -> pl.DataFrame | None:
    """The users of one campaign (Assignments with propensities above zero), with `stratum`, a number from 0. None if
    there are more than MOST_STRATA of them: the allocation differs from user to user.

    With one arm beside the control, the probability of that arm is the stratum. With more, strata are periods: a
    period lasts until an arm has another propensity than before, or one that does not add up with the others.
    """
    stated = (pl.col("propensity") / ROUNDING).round(0).cast(pl.Int64)
    rounded = users.with_columns(stated=stated)
    arms = rounded.group_by("arm", maintain_order=True).agg(pl.col("stated").n_unique())
    if arms["stated"].max() == 1:
        return users.with_columns(stratum=pl.lit(0))
    strata = _by_probability(rounded) if arms.height == 2 else _by_period(rounded)  # noqa: PLR2004 - an arm and control
    if strata is None or strata["stratum"].n_unique() > MOST_STRATA:
        return None
    return strata.drop("stated")


def _by_probability(users: pl.DataFrame) -> pl.DataFrame:
    """Strata of two arms: 0.1 of one arm and 0.9 of the other are one allocation."""
    is_first = pl.col("arm") == pl.col("arm").min()
    probability = pl.when(is_first).then(pl.col("stated")).otherwise(round(1 / ROUNDING) - pl.col("stated"))
    return users.with_columns(stratum=probability.rank("dense").cast(pl.Int32) - 1)


def _by_period(users: pl.DataFrame) -> pl.DataFrame | None:
    """Strata by period; None where an arm has two propensities at one moment, or periods are too many."""
    moments = users.unique(["assigned_at", "arm", "stated"]).sort("assigned_at", "arm")
    if moments.height > moments.unique(["assigned_at", "arm"]).height:
        return None
    starts: list[datetime] = []
    allocation: dict[str, int] = {}
    rows = moments.select("assigned_at", "arm", "stated").iter_rows()
    for moment, arms in groupby(rows, key=itemgetter(0)):
        current = {arm: stated for _, arm, stated in arms}
        combined = allocation | current
        is_same = combined == current | allocation and sum(combined.values()) * ROUNDING <= 1 + SUM_TOLERANCE
        if not starts or not is_same:
            starts.append(moment)
            combined = current
        if len(starts) > MOST_STRATA:
            return None
        allocation = combined
    periods = pl.DataFrame({"assigned_at": starts}, schema={"assigned_at": pl.Datetime("us")}).with_row_index("stratum")
    ordered = users.sort("assigned_at", "user_id")
    return ordered.join_asof(periods, on="assigned_at").with_columns(pl.col("stratum").cast(pl.Int32))
