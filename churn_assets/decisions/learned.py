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
from churn_assets.decisions.problem import Floats

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
        loses = float(effect.mean()) + REACH * error < 0
        weight = 1.0 if loses else evidence_weight(assumed.expected[:, column], error)
        cost = option.level.cost_amount
        expected[known, column] = (1 - weight) * expected[known, column] + weight * (effect + cost)
        cautious[known, column] = (1 - weight) * cautious[known, column] + weight * low
    return Gains(np.maximum(expected, 0.0), cautious)


def evidence_weight(assumed: Floats, error: float) -> float:
    """Of what was measured, between 0 (nothing is known) and 1.

    `assumed`: gains of all users; `error`: of the average effect.
    """
    prior = max(float(np.abs(assumed).mean()) if assumed.size else 0.0, LEAST_ASSUMED)
    return prior**2 / (prior**2 + error**2)


def stopped_arms(
    options: Sequence[Option], measured: pl.DataFrame, snapshot: date, *, policy_learns: bool
) -> pl.DataFrame:
    """One row per treatment that is proven to lose money (contract StoppedArms), sorted.

    `measured`: of eligible users.
    """
    treatments = [option.treatment for option in options]
    averages = (
        measured.filter(pl.col("treatment").is_in(treatments))
        .group_by("treatment", maintain_order=True)
        .agg(
            pl.col("margin_effect_amount").mean(),
            reach=REACH * pl.col("margin_error_amount").first(),
            users=pl.len().cast(pl.Int64),
            users_open=(pl.col("margin_low_amount") > 0).sum().cast(pl.Int64),
        )
        .with_columns(
            margin_low_amount=pl.col("margin_effect_amount") - pl.col("reach"),
            margin_high_amount=pl.col("margin_effect_amount") + pl.col("reach"),
            is_stopped=pl.lit(policy_learns),
            snapshot_date=pl.lit(snapshot),
        )
        .filter(pl.col("margin_high_amount") < 0)
    )
    result = averages.select(list(STOPPED_SCHEMA)).cast(pl.Schema(STOPPED_SCHEMA)).sort("treatment")
    return StoppedArms.validate(result, lazy=True)
