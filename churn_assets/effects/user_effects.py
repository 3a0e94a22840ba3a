"""What each treatment is expected to do to each user, learned from all weeks, and whether that can be told at all."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date
from typing import Any

import numpy as np
import polars as pl
from scipy import stats

from churn_assets.contracts.uplift_comparison import EVERYBODY, FIFTHS, METRICS, UpliftComparison
from churn_assets.contracts.user_effects import UserEffects
from churn_assets.effects.pooled import Floats, PooledEffect, numbered, pooled_effect
from churn_assets.effects.profile import NAMES
from churn_assets.effects.uplift import Uplift, fit_uplift

EFFECTS_SCHEMA = {name: column.dtype.type for name, column in UserEffects.to_schema().columns.items()}
COMPARISON_SCHEMA = {name: column.dtype.type for name, column in UpliftComparison.to_schema().columns.items()}
# 90 of 100 true effects are above the bound: a plan weighs many users, and may be wrong about some of them.
BELOW = float(stats.norm.ppf(0.9))
FOLDS = 5
COVARIATES = ("spent_before_amount", "orders_before_count")


def user_effects(known: pl.DataFrame, users: pl.DataFrame, treatments: Collection[str], snapshot: date) -> pl.DataFrame:
    """One row per user and measured treatment (contract UserEffects), sorted by these.

    `known`: `known_users` of past weeks; `users`: user_id and NAMES of whom a plan is made for; `treatments`: those
    that it can give.
    """
    frames = []
    for treatment in sorted(treatments):
        rows = known.filter(pl.col("treatment") == treatment)
        if rows.is_empty():
            continue
        fits = {metric: fit_uplift(rows, metric, NAMES) for metric in METRICS}
        retained, margin = fits["retained"], fits["margin_amount"]
        if retained is None or margin is None:
            continue
        (kept, kept_error), (earned, earned_error) = retained.effects(users), margin.effects(users)
        frames.append(
            pl.DataFrame(
                {
                    "user_id": users["user_id"],
                    "treatment": treatment,
                    "retained_effect": kept,
                    "retained_low": kept - BELOW * kept_error,
                    "margin_effect_amount": earned,
                    "margin_low_amount": earned - BELOW * earned_error,
                    "margin_error_amount": float(np.sqrt(margin.covariance[0, 0])),
                    "is_average": not (retained.differs or margin.differs),
                    "snapshot_date": snapshot,
                }
            )
        )
    if not frames:
        return pl.DataFrame(schema=EFFECTS_SCHEMA)
    result = pl.concat(frames).select(list(EFFECTS_SCHEMA)).cast(pl.Schema(EFFECTS_SCHEMA))
    return UserEffects.validate(result.sort("user_id", "treatment"), lazy=True)


def uplift_comparison(known: pl.DataFrame, snapshot: date) -> pl.DataFrame:
    """One row per treatment, metric and fifth of users by predicted effect (contract UpliftComparison).

    The effect of each user is predicted by a line learned from other users (FOLDS), whether or not effects are proven
    to differ: where they do not, the fifths show it.
    """
    rows = [
        {"snapshot_date": snapshot, "treatment": users.item(0, "treatment"), "metric": metric} | row
        for users in known.partition_by("treatment", maintain_order=True)
        for metric in METRICS
        for row in _fifths(users, metric)
    ]
    if not rows:
        return pl.DataFrame(schema=COMPARISON_SCHEMA)
    frame = pl.DataFrame(rows, infer_schema_length=None).select(list(COMPARISON_SCHEMA))
    result = frame.cast(pl.Schema(COMPARISON_SCHEMA)).sort("treatment", "metric", "fifth")
    return UpliftComparison.validate(result, lazy=True)


def _fifths(users: pl.DataFrame, metric: str) -> Iterator[dict[str, Any]]:
    whole = fit_uplift(users, metric, NAMES)
    predicted = None if whole is None else _out_of_fold(users, metric)
    if whole is None or predicted is None:
        effect = pooled_effect(users, metric, COVARIATES)
        yield _figures(effect) | {
            "fifth": EVERYBODY, "differs_p_value": whole and whole.differs_p_value, "is_proven_to_differ": False,
            "note": "; ".join(["nobody is ranked: too few users, or all have the same outcome", *effect.notes]),
        }  # fmt: skip
        return
    fifth = pl.Series("fifth", np.searchsorted(np.quantile(predicted, np.arange(1, FIFTHS) / FIFTHS), predicted) + 1)
    sorted_users = users.with_columns(fifth, predicted=pl.Series(predicted))
    for number in range(EVERYBODY, FIFTHS + 1):
        part = sorted_users if number == EVERYBODY else sorted_users.filter(pl.col("fifth") == number)
        if part.is_empty():
            continue
        effect = pooled_effect(part, metric, COVARIATES)
        yield _figures(effect) | {
            "fifth": number,
            "predicted_effect": float(part["predicted"].mean()),  # type: ignore[arg-type]
            "differs_p_value": whole.differs_p_value,
            "is_proven_to_differ": whole.differs,
            "note": "; ".join(effect.notes) or None,
        }


def _figures(effect: PooledEffect) -> dict[str, Any]:
    return {
        "users": effect.users, "control_users": effect.control_users, "predicted_effect": None,
        "effect": effect.effect, "effect_low": effect.low, "effect_high": effect.high,
    }  # fmt: skip


def _out_of_fold(users: pl.DataFrame, metric: str) -> Floats | None:
    """The effect of each row by lines that have not seen its user; None where a line cannot be had."""
    folds = numbered(users["user_id"]) % FOLDS
    predicted = np.zeros(users.height)
    for fold in range(FOLDS):
        is_here = folds == fold
        line: Uplift | None = fit_uplift(users.filter(~is_here), metric, NAMES, always_by_profile=True)
        if line is None:
            return None
        predicted[is_here] = line.effects(users.filter(is_here))[0]
    return predicted
