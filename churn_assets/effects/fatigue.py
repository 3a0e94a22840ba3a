"""What a message loses on a user who had one lately, by users assigned by chance.

Whether a user had a message before an assignment was settled before chance drew, so both effects are honest. That they
differ need not be tiredness alone: who is written to often is another kind of user. A plan that waits asks what a
message to such a user is worth now, for which that does not matter; that it is worth more later is an assumption.
"""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl
from scipy import stats

from churn_assets.contracts.fatigue_effects import FatigueEffects
from churn_assets.effects.pooled import pooled_effect
from churn_assets.effects.user_effects import COVARIATES

METRIC = "margin_amount"
BELOW = float(stats.norm.ppf(0.9))
LEAST = 0.01  # currency: an effect of nothing does not make a loss of nothing certain


def fatigue_effects(known: pl.DataFrame, contacts: pl.DataFrame, *, rest_days: int, snapshot: date) -> pl.DataFrame:
    """One row (contract FatigueEffects). `known`: `known_users` of past weeks, with COVARIATES; `contacts`: user_id and
    sent_at of what reached users.
    """
    marked = known.with_columns(is_recent=_had_one_before(known, contacts, rest_days))
    losses, precisions, sizes = [], [], []
    rested_effects = [0.0]
    for users in marked.partition_by("treatment", maintain_order=True):
        recent, rested = (
            pooled_effect(users.filter(pl.col("is_recent") == is_recent), METRIC, COVARIATES)
            for is_recent in (True, False)
        )
        if recent.effect is None or rested.effect is None or not recent.error or not rested.error:
            continue
        losses.append(rested.effect - recent.effect)
        precisions.append(1 / (recent.error**2 + rested.error**2))
        sizes.append((recent.users + recent.control_users, rested.users + rested.control_users))
        rested_effects.append(abs(rested.effect))
    loss = error = None
    if losses:
        loss, error = float(np.average(losses, weights=precisions)), float(1 / np.sqrt(np.sum(precisions)))
    row = {
        "snapshot_date": snapshot,
        "rest_days": rest_days,
        "treatments": len(losses),
        "users_recent": sum(recent for recent, _ in sizes),
        "users_rested": sum(rested for _, rested in sizes),
        "loss": loss,
        "loss_error": error,
        "loss_amount": 0.0 if loss is None or error is None else cautious_loss(loss, error, max(rested_effects)),
    }
    return FatigueEffects.validate(pl.DataFrame([row], schema=FatigueEffects.empty().schema), lazy=True)


def cautious_loss(loss: float, error: float, effect: float) -> float:
    """Lower end of the loss after shrinking to none: a message may lose about as much as it does (`effect`)."""
    prior = max(effect, LEAST)
    weight = prior**2 / (prior**2 + error**2)
    return max(0.0, weight * loss - BELOW * float(np.sqrt(weight)) * error)


def _had_one_before(known: pl.DataFrame, contacts: pl.DataFrame, rest_days: int) -> pl.Series:
    """Whether a message reached the user in the days before the assignment."""
    sent = contacts.select("user_id", last_at="sent_at").sort("last_at")
    asked = known.select("user_id", "assigned_at").with_row_index().sort("assigned_at")
    last = asked.join_asof(
        sent, left_on="assigned_at", right_on="last_at", by="user_id", strategy="backward", allow_exact_matches=False,
        check_sortedness=False,
    ).sort("index")  # fmt: skip
    return last.select(
        (pl.col("assigned_at") - pl.col("last_at") < timedelta(days=rest_days)).fill_null(value=False)
    ).to_series()
