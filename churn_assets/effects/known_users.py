"""Everything known of the users of finished weeks: side, outcomes, metrics, and what was known when chance drew."""

from __future__ import annotations

import polars as pl

from churn_assets.effects.metrics import METRICS
from churn_assets.effects.profile import PROFILE

KEYS = ["campaign", "user_id"]


def known_users(
    compared: pl.DataFrame,
    outcomes: pl.DataFrame,
    *,
    margin_share: float,
    traits: pl.DataFrame | None = None,
    profiles: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """The rows of `compared_users` with their outcomes (AllOutcomes), a column per metric, and where they are given the
    `traits` (TRAITS; null where no plan has decided) and the columns of PROFILE made of `profiles`.
    """
    rows = compared.join(outcomes, on=KEYS, how="left", maintain_order="left")
    if traits is not None:
        rows = rows.join(traits, on=KEYS, how="left", maintain_order="left")
    if profiles is not None:
        rows = rows.join(profiles.select(*KEYS, **PROFILE), on=KEYS, how="left", maintain_order="left")
    return rows.with_columns(
        margin_share=pl.lit(margin_share), week=pl.col("assigned_at").dt.strftime("%Y-%m-%d")
    ).with_columns(**{name: metric.value.cast(pl.Float64) for name, metric in METRICS.items()})
