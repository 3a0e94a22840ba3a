"""What each arm and level did, over all weeks whose windows have closed: the figures a next plan can stand on."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import date, timedelta
from types import MappingProxyType
from typing import Any

import polars as pl

from churn_assets.contracts.arm_effects import ALL, DIMENSIONS, ArmEffects
from churn_assets.effects.many_looks import SIGNIFICANT, corrected
from churn_assets.effects.metrics import METRICS
from churn_assets.effects.pooled import PooledEffect, pooled_effect

SCHEMA = {name: column.dtype.type for name, column in ArmEffects.to_schema().columns.items()}
IS_GOOD: Mapping[str, bool] = MappingProxyType({name: metric.is_good for name, metric in METRICS.items()})
# Known of every user before chance has drawn. Where a ledger gives no score, the mean stands in its place.
COVARIATES = ("spent_before_amount", "orders_before_count", "churn_probability", "value_at_risk_amount")


def arm_effects(known: pl.DataFrame, *, snapshot: date, window_days: int, recorded: Collection[str]) -> pl.DataFrame:
    """One row per treatment, dimension, segment and metric (contract ArmEffects), sorted by these.

    `known`: `known_users`; `recorded`: raw tables the shop has. Without its table a metric has no row.
    """
    metrics = [name for name, metric in METRICS.items() if metric.table in recorded]
    everybody = known.with_columns(pl.lit(ALL).alias(ALL))
    rows = [row for dimension in DIMENSIONS for row in effect_rows(everybody, dimension, metrics, window_days)]
    if not rows:
        return pl.DataFrame(schema=SCHEMA)
    frame = pl.DataFrame(rows, infer_schema_length=None).with_columns(snapshot_date=pl.lit(snapshot))
    adjusted = pl.concat([with_verdicts(part) for part in frame.partition_by("dimension", maintain_order=True)])
    result = adjusted.select(list(SCHEMA)).cast(pl.Schema(SCHEMA))
    return ArmEffects.validate(result.sort("treatment", "dimension", "segment", "metric"), lazy=True)


def effect_rows(
    known: pl.DataFrame, dimension: str, metrics: Collection[str], window_days: int
) -> Iterator[dict[str, Any]]:
    """Per treatment, segment of the column `dimension` (null: none), and metric."""
    for users in known.filter(pl.col(dimension).is_not_null()).partition_by(
        "treatment", dimension, maintain_order=True
    ):
        overlap = _about_overlap(users, window_days)
        for metric in metrics:
            effect = pooled_effect(users, metric, COVARIATES)
            yield {
                "treatment": users.item(0, "treatment"),
                "dimension": dimension,
                "segment": str(users.item(0, dimension)),
                "metric": metric,
                "window_days": window_days,
                "campaigns": users["campaign"].n_unique(),
                "weeks": users["week"].n_unique(),
            } | figures(effect, overlap)


def _about_overlap(users: pl.DataFrame, window_days: int) -> tuple[str, ...]:
    """How many assignments lie within a window of another of the same user: what follows counts for both."""
    at = pl.col("assigned_at")
    moments = users.select("user_id", "assigned_at").sort("user_id", "assigned_at")
    gaps = at - at.shift(1).over("user_id"), at.shift(-1).over("user_id") - at
    # Who drew none on a random side is in a campaign per option, of one moment.
    near = [(gap > timedelta(0)) & (gap < timedelta(days=window_days)) for gap in gaps]
    count = moments.select(pl.any_horizontal(near).sum()).item()
    if not count:
        return ()
    return (f"{count:,} of {users.height:,} assignments lie within a window of another of the same user",)


def figures(effect: PooledEffect, remarks: Collection[str] = ()) -> dict[str, Any]:
    """An effect as columns."""
    return {
        "users": effect.users,
        "control_users": effect.control_users,
        "mean": effect.mean,
        "control_mean": effect.control_mean,
        "effect": effect.effect,
        "effect_error": effect.error,
        "effect_low": effect.low,
        "effect_high": effect.high,
        "p_value": effect.p_value,
        "variance_saved_share": effect.variance_saved_share,
        "note": "; ".join([*effect.notes, *remarks]) or None,
    }


def with_verdicts(rows: pl.DataFrame, wanted: Mapping[str, bool] = IS_GOOD) -> pl.DataFrame:
    """One of twenty effects that are none has a p-value under 0.05: what is held is the share of false ones named.

    `wanted`: by metric, whether more of it is.
    """
    is_good = pl.col("metric").replace_strict(dict(wanted))
    is_more = pl.col("effect") > 0
    return rows.with_columns(adjusted_p_value=corrected(rows["p_value"])).with_columns(
        verdict=pl.when(pl.col("adjusted_p_value").is_null())
        .then(pl.lit("unknown"))
        .when(pl.col("adjusted_p_value") >= SIGNIFICANT)
        .then(pl.lit("not proven"))
        .when(is_more == is_good)
        .then(pl.lit("better"))
        .otherwise(pl.lit("worse"))
    )
