"""What treatments did by arm, by channel, and by segment of the user, over all weeks whose windows have closed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date

import polars as pl

from churn_assets.contracts.group_effects import ANY, GroupEffects
from churn_assets.effects.arm_effects import SCHEMA, effect_rows, with_verdicts
from churn_assets.effects.metrics import METRICS


def group_effects(
    known: pl.DataFrame,
    arms: Mapping[str, str],
    channels: Mapping[str, str],
    *,
    snapshot: date,
    window_days: int,
    recorded: Collection[str],
) -> pl.DataFrame:
    """One row per dimension, segment, treatment and metric (contract GroupEffects), sorted.

    `known`: `known_users` with `segment` (null where nobody decided). `arms`, `channels`: of each treatment; one that
    is unknown is left out of the dimension.
    """
    metrics = [name for name, metric in METRICS.items() if metric.table in recorded]
    rows = known.with_columns(
        arm=pl.col("treatment").replace_strict(arms, default=None, return_dtype=pl.String),
        channel=pl.col("treatment").replace_strict(channels, default=None, return_dtype=pl.String),
    )
    together = rows.with_columns(treatment=pl.lit(ANY))
    figures = [
        row
        for users, dimension in ((together, "arm"), (together, "channel"), (together, "segment"), (rows, "segment"))
        for row in effect_rows(users, dimension, metrics, window_days)
    ]
    if not figures:
        return pl.DataFrame(schema=SCHEMA)
    frame = pl.DataFrame(figures, infer_schema_length=None).with_columns(snapshot_date=pl.lit(snapshot))
    adjusted = pl.concat([with_verdicts(part) for part in frame.partition_by("dimension", maintain_order=True)])
    result = adjusted.select(list(SCHEMA)).cast(pl.Schema(SCHEMA))
    return GroupEffects.validate(result.sort("dimension", "segment", "treatment", "metric"), lazy=True)
