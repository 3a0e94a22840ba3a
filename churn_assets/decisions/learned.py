"""Gains as measured: the catalogue's assumption is where one begins, and is left behind as evidence comes.

An assumed gain may be as wrong as it is large; a measured one has the error of the average effect of its treatment.
Both are averaged by their precision (normal prior and likelihood), so that without data the plan is that of the policy
`value`, and with much it goes by what was measured. Where a treatment is proven to lose money on average, nothing is
left of what was assumed: it is stopped for everybody but those whose own lower bound says that it pays.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from scipy import stats

from churn_assets.contracts.stopped_arms import StoppedArms
from churn_assets.decisions.options import Gains, Option
from churn_assets.decisions.problem import Flags, Floats

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

STOPPED_SCHEMA = {name: column.dtype.type for name, column in StoppedArms.to_schema().columns.items()}
REACH = float(stats.norm.ppf(0.975))  # standard errors to either side of a 95 % interval
LEAST_ASSUMED = 0.01  # currency; an assumption of nothing is not certain to be right either


def learned_gains(candidates: pl.DataFrame, options: Sequence[Option], assumed: Gains, measured: pl.DataFrame) -> Gains:
    """(users, options). `measured`: user_id, treatment, margin_effect_amount and margin_low_amount (after what sending
    and coupons cost), margin_error_amount of the treatment (contract UserEffects); not all need be there.
    """
    expected, cautious = assumed.expected.copy(), assumed.cautious.copy()
    stopped = stopped_options(options, measured)
    for column, option in enumerate(options):
        rows = candidates.select("user_id").join(
            measured.filter(pl.col("treatment") == option.treatment),
            on="user_id", how="left", maintain_order="left", validate="1:1",
        )  # fmt: skip
        known = rows["margin_effect_amount"].is_not_null().to_numpy()
        if not known.any():
            continue
        effect, low = (rows[name].to_numpy()[known] for name in ("margin_effect_amount", "margin_low_amount"))
        error = float(rows["margin_error_amount"].drop_nulls()[0])
        weight = 1.0 if stopped[column] else evidence_weight(assumed.expected[:, column], error)
        cost = option.level.cost_amount
        expected[known, column] = (1 - weight) * expected[known, column] + weight * (effect + cost)
        cautious[known, column] = (1 - weight) * cautious[known, column] + weight * low
        if stopped[column]:
            cautious[~known, column] = -np.inf
    return Gains(np.maximum(expected, 0.0), cautious)


def evidence_weight(assumed: Floats, error: float) -> float:
    """Of what was measured, between 0 (nothing is known) and 1.

    `assumed`: gains of all users; `error`: of the average effect.
    """
    prior = max(float(np.abs(assumed).mean()) if assumed.size else 0.0, LEAST_ASSUMED)
    return prior**2 / (prior**2 + error**2)


def stopped_options(options: Sequence[Option], measured: pl.DataFrame) -> Flags:
    """(options,). Whether each is proven to lose money on average: only users for whom it pays may get it."""
    losing = _losing(measured)["treatment"].to_list()
    return np.array([option.treatment in losing for option in options], dtype=np.bool_)


def stopped_arms(
    options: Sequence[Option], measured: pl.DataFrame, snapshot: date, *, policy_learns: bool
) -> pl.DataFrame:
    """One row per treatment proven to lose money (contract StoppedArms), sorted. `measured`: of all eligible users."""
    rows = _losing(measured.filter(pl.col("treatment").is_in([option.treatment for option in options])))
    dated = rows.with_columns(is_stopped=pl.lit(policy_learns), snapshot_date=pl.lit(snapshot))
    result = dated.select(list(STOPPED_SCHEMA)).cast(pl.Schema(STOPPED_SCHEMA)).sort("treatment")
    return StoppedArms.validate(result, lazy=True)


def _losing(measured: pl.DataFrame) -> pl.DataFrame:
    """Treatments whose average effect on margin lies below zero with its 95 % interval, as columns of StoppedArms."""
    reach = REACH * pl.col("margin_error_amount").first()
    average = pl.col("margin_effect_amount").mean()
    averages = measured.group_by("treatment", maintain_order=True).agg(
        average,
        margin_low_amount=average - reach,
        margin_high_amount=average + reach,
        users=pl.len(),
        users_open=(pl.col("margin_low_amount") > 0).sum(),
    )
    return averages.filter(pl.col("margin_high_amount") < 0)
