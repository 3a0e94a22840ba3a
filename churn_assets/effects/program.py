"""What the whole programme has earned: everybody decided about against the universal holdout, since the start.

Each user counts once, from the first decision on, whatever came of it; weeks are not added up, in which the same
purchases would count several times.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime, time, timedelta
from typing import Any

import polars as pl

from churn_assets.contracts.decision_ledger import IS_KNOWN
from churn_assets.contracts.program_effects import ProgramEffects
from churn_assets.effects.always_valid import always_valid_reach
from churn_assets.effects.metrics import METRICS
from churn_assets.effects.pooled import pooled_effect

SCHEMA = {name: column.dtype.type for name, column in ProgramEffects.to_schema().columns.items()}
MEMBERS = pl.Schema(
    {
        "campaign": pl.String(),
        "user_id": pl.String(),
        "is_treated": pl.Boolean(),
        "propensity": pl.Float64(),
        "assigned_at": pl.Datetime("us"),
    }
)
SINCE, NOW = "since the start", "now"  # the two readings, as campaigns of the outcomes
COVARIATES = ("spent_before_amount", "orders_before_count")


def members(ledgers: Collection[pl.DataFrame]) -> tuple[pl.DataFrame, int]:
    """(one row per user of the programme (MEMBERS) as of the first decision, users who have changed sides).

    `ledgers`: user_id, is_holdout and decided_at of each. Who was in the holdout in some weeks only (its share or
    salt was changed) belongs to neither side.
    """
    if not ledgers:
        return pl.DataFrame(schema=MEMBERS), 0
    users = (
        pl.concat(ledgers)
        .filter(IS_KNOWN)
        .sort("user_id", "decided_at")
        .group_by("user_id", maintain_order=True)
        .agg(
            assigned_at=pl.first("decided_at"),
            is_treated=~pl.first("is_holdout"),
            sides=pl.col("is_holdout").n_unique(),
        )
    )
    steady = users.filter(pl.col("sides") == 1)
    # Within a week of entry everybody had the same chance; the share itself drops out of the effect.
    share = pl.col("is_treated").mean().over("assigned_at")
    rows = steady.with_columns(campaign=pl.lit(SINCE), propensity=share).select(list(MEMBERS)).cast(MEMBERS)
    return rows, users.height - steady.height


def readings(users: pl.DataFrame, snapshot: date, horizon_days: int) -> pl.DataFrame:
    """Assignments for the outcomes until `snapshot`: each member since the start, and from a horizon ago."""
    ago = datetime.combine(snapshot, time()) - timedelta(days=horizon_days)
    now = users.filter(pl.col("assigned_at") <= ago).with_columns(
        campaign=pl.lit(NOW), assigned_at=pl.lit(ago, pl.Datetime("us"))
    )
    return pl.concat([users, now]).select("campaign", "user_id", "assigned_at")


def program_effects(
    users: pl.DataFrame,
    outcomes: pl.DataFrame,
    *,
    snapshot: date,
    margin_share: float,
    recorded: Collection[str],
    changed_sides: int = 0,
) -> pl.DataFrame:
    """One row per metric (contract ProgramEffects). `users`: `members`; `outcomes`: of their `readings`."""
    metrics = [name for name, metric in METRICS.items() if metric.table in recorded]
    if users.is_empty() or not metrics:
        return pl.DataFrame(schema=SCHEMA)
    entered = users.select("user_id", "is_treated", "propensity", stratum=pl.col("assigned_at").cast(pl.String))
    known = (
        outcomes.join(entered, on="user_id", how="inner", maintain_order="left")
        .with_columns(margin_share=pl.lit(margin_share))
        .with_columns(**{name: metric.value.cast(pl.Float64) for name, metric in METRICS.items()})
    )
    since, weeks = users["assigned_at"].dt.date().min(), users["assigned_at"].n_unique()
    notes = [f"{changed_sides:,} users who have changed sides left out"] if changed_sides else []
    rows = [
        {"metric": metric, "since_date": since, "weeks": weeks, "snapshot_date": snapshot}
        | _figures(known.filter(pl.col("campaign") == (NOW if metric == "retained" else SINCE)), metric, notes)
        for metric in metrics
    ]
    frame = pl.DataFrame(rows, infer_schema_length=None).select(list(SCHEMA)).cast(pl.Schema(SCHEMA))
    return ProgramEffects.validate(frame.sort("metric"), lazy=True)


def _figures(users: pl.DataFrame, metric: str, notes: Collection[str]) -> dict[str, Any]:
    effect = pooled_effect(users, metric, COVARIATES)
    figures: dict[str, Any] = {
        "users": effect.users,
        "holdout_users": effect.control_users,
        "mean": effect.mean,
        "holdout_mean": effect.control_mean,
        "effect": effect.effect,
        "effect_low": effect.low,
        "effect_high": effect.high,
        "p_value": effect.p_value,
        "variance_saved_share": effect.variance_saved_share,
        "total": None if effect.effect is None else effect.effect * effect.users,
        "note": "; ".join([*effect.notes, *notes]) or None,
    }
    if effect.effect is None or effect.error is None or effect.low is None or effect.high is None:
        return figures | dict.fromkeys(("always_valid_low", "always_valid_high", "total_low", "total_high"))
    spread = float(users[metric].std() or 0.0)  # type: ignore[arg-type]
    reach = always_valid_reach(effect.error, spread)
    return figures | {
        "always_valid_low": min(effect.effect - reach, effect.low),
        "always_valid_high": max(effect.effect + reach, effect.high),
        "total_low": effect.low * effect.users,
        "total_high": effect.high * effect.users,
    }
