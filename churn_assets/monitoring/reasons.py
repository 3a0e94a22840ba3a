"""Frequency of reasons and value at risk with them: `user_reasons` summed by segment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from churn_assets.contracts.reason_summaries import DIMENSIONS, ReasonSummaries

if TYPE_CHECKING:
    from datetime import date

COLUMNS = list(ReasonSummaries.to_schema().columns)
UNKNOWN = "unknown"
# A quarter and a year: new users, users of at least one season, users of all seasons.
QUARTER_DAYS, YEAR_DAYS = 91, 365
DECIMALS = 6
TENURES = (f"under {QUARTER_DAYS} days", f"{QUARTER_DAYS} to {YEAR_DAYS - 1} days", f"{YEAR_DAYS} days and more")


def reason_summaries(
    reasons: pl.DataFrame, scored: pl.DataFrame, segments: pl.DataFrame, *, snapshot: date
) -> pl.DataFrame:
    """The table `reason_summaries`: one row per kind, reason group, dimension and segment with such a user.

    `reasons`, `scored`: user_reasons and scored_users of `snapshot`; only eligible users count. `segments`: user_id,
    tenure_days and city_tier; a user without one is in segment `unknown`. Contributions are in log-odds. Sums are
    rounded to 6 decimals, so that the order in which threads add changes no digit.
    """
    eligible = scored.filter(pl.col("status") == "eligible").join(segments, on="user_id", how="left")
    parts = eligible.select(
        "user_id", "value_at_risk_amount", "risk_tier", _tenure(), _city_tier(), pl.lit("all").alias("all")
    ).unpivot(DIMENSIONS, index=["user_id", "value_at_risk_amount"], variable_name="dimension", value_name="segment")
    sizes = parts.group_by("dimension", "segment", maintain_order=True).agg(segment_users=pl.len().cast(pl.Int64))
    key = ["kind", "reason_group", "dimension", "segment"]
    return (
        reasons.select("user_id", "kind", "reason_group", "contribution")
        .join(parts, on="user_id")
        .group_by(key, maintain_order=True)
        .agg(
            pl.len().cast(pl.Int64).alias("users"),
            pl.col("contribution", "value_at_risk_amount").sum().round(DECIMALS),
        )
        .join(sizes, on=["dimension", "segment"])
        .with_columns(snapshot_date=pl.lit(snapshot), share=pl.col("users") / pl.col("segment_users"))
        .select(COLUMNS)
        .sort(key)
    )


def _tenure() -> pl.Expr:
    days = pl.col("tenure_days")
    return (
        pl.when(days < QUARTER_DAYS)
        .then(pl.lit(TENURES[0]))
        .when(days < YEAR_DAYS)
        .then(pl.lit(TENURES[1]))
        .when(days >= YEAR_DAYS)
        .then(pl.lit(TENURES[2]))
        .otherwise(pl.lit(UNKNOWN))
        .alias("tenure")
    )


def _city_tier() -> pl.Expr:
    return pl.col("city_tier").cast(pl.Int64).cast(pl.String).fill_null(UNKNOWN)
