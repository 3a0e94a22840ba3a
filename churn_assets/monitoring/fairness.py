"""Whether treatment and model errors are equal between groups by protected attributes.

A difference counts where it is larger than a tolerance and significant: a two-sample z-test with pooled variance,
Bonferroni over all groups and measures of a snapshot. The test does not explain a difference, nor call it wrong.
"""

from __future__ import annotations

from datetime import datetime, time
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from scipy.stats import norm

from churn_assets.contracts.group_fairness import ATTRIBUTES, MEASURES, GroupFairness

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

SCHEMA = {name: column.dtype.type for name, column in GroupFairness.to_schema().columns.items()}
FEWEST = 100  # users in the group and in the rest; below, no difference is judged
ALPHA = 0.05
Z = float(norm.ppf(0.975))
UNKNOWN = "unknown"
KEY = ("attribute", "group", "measure")


def group_fairness(
    users: pl.DataFrame,
    *,
    scored: date,
    snapshot: date,
    tolerance: float,
    attributes: Sequence[str] = ATTRIBUTES,
) -> pl.DataFrame:
    """The rows of `scored`, measured at `snapshot`: one row per attribute, group and measure with a user.

    `users`: one row per eligible user: `attributes` as text (null: `unknown`), and those of MEASURES that are known, a
    number per user, null where the user does not count. `tolerance`: difference from which it matters, a share.
    """
    measures = [name for name in MEASURES if name in users.columns]
    if not measures or users.is_empty():
        return pl.DataFrame(schema=SCHEMA)
    # Sorted before sums are taken, so that the order in which threads return groups changes no digit.
    parts = pl.concat(_sums(users, attribute, measure) for attribute in attributes for measure in measures).sort(KEY)
    total = pl.col("users", "sum", "squares").sum().over("attribute", "measure")
    rest = pl.col("all_users") - pl.col("users")
    parts = (
        parts.with_columns(total.name.prefix("all_"))
        .with_columns(
            value=pl.col("sum") / pl.col("users"),
            rest_users=rest,
            rest_value=pl.when(rest > 0).then((pl.col("all_sum") - pl.col("sum")) / rest),
        )
        .filter(pl.col("users") > 0)
    )
    p_value = _p_values(parts)
    gap = (pl.col("value") - pl.col("rest_value")).abs()
    is_judged = (pl.col("users") >= FEWEST) & (pl.col("rest_users") >= FEWEST)
    low, high = _interval(parts)
    return (
        parts.with_columns(
            p_value=pl.Series(p_value, nan_to_null=True), value_low=pl.Series(low), value_high=pl.Series(high)
        )
        .with_columns(p_value=pl.when(is_judged).then("p_value"))
        .with_columns(tests=pl.col("p_value").count())
        .with_columns(
            snapshot_date=pl.lit(scored),
            measured_at=pl.lit(datetime.combine(snapshot, time())),
            is_unequal=((pl.col("p_value") < ALPHA / pl.col("tests")) & (gap > tolerance)).fill_null(value=False),
        )
        .select(pl.col(name).cast(kind) for name, kind in SCHEMA.items())
    )


def _sums(users: pl.DataFrame, attribute: str, measure: str) -> pl.DataFrame:
    value = pl.col(measure).cast(pl.Float64)
    return users.group_by(pl.col(attribute).fill_null(UNKNOWN).alias("group"), maintain_order=True).agg(
        pl.lit(attribute).alias("attribute"),
        pl.lit(measure).alias("measure"),
        value.count().cast(pl.Int64).alias("users"),
        value.sum().round(6).alias("sum"),
        (value**2).sum().round(6).alias("squares"),
    )


def _p_values(parts: pl.DataFrame) -> np.ndarray:
    mean = parts["all_sum"] / parts["all_users"]
    variance = (parts["all_squares"] / parts["all_users"] - mean**2).clip(0)
    error = (variance * (1 / parts["users"] + 1 / parts["rest_users"])).sqrt().to_numpy()
    gap = (parts["value"] - parts["rest_value"]).to_numpy()
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(2 * norm.sf(np.abs(gap) / error))


def _interval(parts: pl.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Wilson's for shares; for `overstated`, a mean of differences, the normal one."""
    n, value, squares = (parts[name].to_numpy().astype(float) for name in ("users", "value", "squares"))
    centre = (value + Z**2 / (2 * n)) / (1 + Z**2 / n)
    half = Z / (1 + Z**2 / n) * np.sqrt(np.maximum(value * (1 - value), 0) / n + Z**2 / (4 * n**2))
    spread = Z * np.sqrt(np.maximum(squares / n - value**2, 0) / n)
    is_share = (parts["measure"] != "overstated").to_numpy()
    low = np.where(is_share, np.minimum(centre - half, value), value - spread)
    high = np.where(is_share, np.maximum(centre + half, value), value + spread)
    return np.clip(low, -1, 1), np.clip(high, -1, 1)
