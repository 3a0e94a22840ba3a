"""Risk tiers: what may be lost with a user, and whether the user's risk is above their own usual one.

- urgent: the expected loss is worth an alarm, and the risk is above usual.
- watch: the expected loss is worth an alarm, and the risk is what it always is for a user of this rhythm.
- small: the expected loss is not worth an alarm, however likely the user churns.

An alarm is worth an expected loss of `stake_amount`: stated, or that which `alarm_share` of the users of the newest
labels had. It is a sum of money and no share of this snapshot's users, so that alarms rise where risks do; how many of
them can be answered is a matter of the plan.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from churn_assets.contracts.warned_churners import WarnedChurners
from churn_assets.model.expected import WEEK_DAYS, fitted_rhythm, histories

if TYPE_CHECKING:
    from datetime import date

    import numpy.typing as npt

    from churn_assets.model.matrix import Floats
    from churn_assets.settings import Scoring

WARNED_SCHEMA = {name: column.dtype.type for name, column in WarnedChurners.to_schema().columns.items()}
LEAST_PROBABILITY = 1e-6
LEAST_STAKE = 0.01  # a loss below it is worth no alarm, where everything was free or sent back
DECIMALS = 6


def usual_probability(users: pl.DataFrame, *, horizon_days: int) -> Floats:
    """Per eligible user of one snapshot: the probability of no purchase in the window while still buying in the user's
    own rhythm, by BG/NBD. That of a user of one purchase is high, and so is never above usual. 0.5 where nobody bought
    on a second day: there is no rhythm to hold anybody against.
    """
    rhythm = fitted_rhythm(users)
    if rhythm is None:
        return np.full(users.height, 0.5)
    repeats, _, weeks = histories(users)
    share = (rhythm.alpha + weeks) / (rhythm.alpha + weeks + horizon_days / WEEK_DAYS)
    usual = np.clip(share ** (rhythm.r + repeats), LEAST_PROBABILITY, 1 - LEAST_PROBABILITY)
    return np.asarray(usual.round(DECIMALS))


def stake_amount(losses: Floats, settings: Scoring) -> float:
    """The expected loss from which an alarm is worth it. `losses`: those of the users of the newest labels."""
    if settings.stake_amount is not None:
        return settings.stake_amount
    return max(round(float(np.quantile(losses, 1 - settings.alarm_share)), DECIMALS), LEAST_STAKE)


def risk_tiers(probability: Floats, usual: Floats, losses: Floats, *, stake: float, rise_ratio: float) -> pl.Series:
    """Tier per user. Above usual: the odds of churn are `rise_ratio` times the usual odds or more."""
    is_above_usual = _odds(probability) >= rise_ratio * _odds(usual)
    tiers = np.where(losses < stake, "small", np.where(is_above_usual, "urgent", "watch"))
    return pl.Series("risk_tier", tiers, dtype=pl.String)


def warned_churners(
    tiers: pl.Series, is_churned: npt.NDArray[np.bool_], expected_spend: Floats, *, snapshot: date, slice_date: date
) -> pl.DataFrame:
    """The table warned_churners: one row per tier with a user. Probabilities are of a model that had not seen them."""
    users = pl.DataFrame(
        {"risk_tier": tiers, "is_churned": is_churned, "lost": np.where(is_churned, expected_spend, 0.0)}
    )
    return (
        users.group_by("risk_tier", maintain_order=True)
        .agg(
            users=pl.len().cast(pl.Int64),
            churners=pl.col("is_churned").sum().cast(pl.Int64),
            lost_amount=pl.col("lost").sum().round(DECIMALS),
        )
        # A sum depends on the order of its terms in its last digit, and what is published is compared byte by byte.
        .sort(pl.col("risk_tier").replace_strict(["urgent", "watch", "small"], range(3), return_dtype=pl.Int64))
        .with_columns(
            users_share=pl.col("users") / pl.col("users").sum(),
            churners_share=pl.col("churners") / pl.col("churners").sum(),
            lost_share=pl.col("lost_amount") / pl.col("lost_amount").sum(),
            snapshot_date=pl.lit(snapshot),
            slice_date=pl.lit(slice_date),
        )
        .select(list(WARNED_SCHEMA))
        .cast(pl.Schema(WARNED_SCHEMA))
    )


def _odds(probability: Floats) -> Floats:
    return np.asarray(probability / (1 - probability))
