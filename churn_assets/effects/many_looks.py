"""What is proven when many effects are looked at together: of twenty that are none, one looks proven by itself."""

from __future__ import annotations

import numpy as np
import polars as pl
from scipy import stats

from churn_assets.contracts.uplift_comparison import EVERYBODY

SIGNIFICANT = 0.05
HALF_WIDTH = float(stats.norm.ppf(0.975))  # of a 95 % interval, in standard errors


def corrected(p_values: pl.Series) -> pl.Series:
    """By Benjamini and Hochberg over those known: of effects named below 0.05, 1 in 20 is expected to be none."""
    values = p_values.cast(pl.Float64).to_numpy()
    is_known = np.isfinite(values)
    result = np.full(len(values), np.nan)
    if is_known.any():
        result[is_known] = stats.false_discovery_control(values[is_known])
    return pl.Series(result, nan_to_null=True)


def uplift_findings(comparison: pl.DataFrame) -> pl.DataFrame:
    """Of uplift_comparison the rows about everybody, with `differs` and `harms`: whether users are proven to differ in
    the effect, and whether it is proven to be below zero, among all rows looked at.
    """
    rows = comparison.filter(pl.col("fifth") == EVERYBODY)
    errors = (rows["effect_high"] - rows["effect_low"]) / (2 * HALF_WIDTH)
    p_values = pl.Series(2 * stats.norm.sf(np.abs((rows["effect"] / errors).cast(pl.Float64).to_numpy())))
    return rows.with_columns(
        differs=(corrected(rows["differs_p_value"]) < SIGNIFICANT).fill_null(value=False),
        harms=(corrected(p_values) < SIGNIFICANT).fill_null(value=False) & (rows["effect"] < 0).fill_null(value=False),
    )
