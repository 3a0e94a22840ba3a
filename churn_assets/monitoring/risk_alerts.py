"""What has grown worse since the snapshot before: users whose risk jumped, segments and reasons that rose.

In probabilities and shares, not in ranks: a shop that loses more users has more alerts.
"""

from __future__ import annotations

from datetime import date

import polars as pl

from churn_assets.contracts.risk_alerts import RiskAlerts
from churn_assets.contracts.scored_users import ALARMS, IS_ELIGIBLE

SCHEMA = {name: column.dtype.type for name, column in RiskAlerts.to_schema().columns.items()}
COLUMNS = ("user_id", "status", "churn_probability", "risk_tier", "value_at_risk_amount")
LEAST_USERS = 30  # of a group: of fewer a share says little
LEAST_RISE = 0.02  # of a group's mean or share; less nobody would act upon
SIGNIFICANT = 3.0  # standard errors: with some forty groups a week, one in a year by chance
DECIMALS = 6


def risk_alerts(
    now: pl.LazyFrame,
    before: pl.LazyFrame,
    segments: pl.DataFrame,
    reasons: tuple[pl.DataFrame, pl.DataFrame],
    *,
    days: tuple[date, date],
    jump: float,
) -> pl.DataFrame:
    """The table `risk_alerts`, sorted by kind and value at risk.

    `now`, `before`: scored_users of the days, the later first; `segments`: user_id, day, segment of both; `reasons`:
    reason_summaries of both. `jump`: by how much a user's probability has to rise.
    """
    snapshot, earlier = days
    scored = [frame.filter(IS_ELIGIBLE).select(COLUMNS).collect() for frame in (now, before)]
    rows = pl.concat(
        [
            _users(scored[0], scored[1], jump),
            _segments(scored[0], scored[1], segments, days),
            _reasons(scored[0], scored[1], reasons),
        ]
    )
    return (
        rows.with_columns(
            pl.col("before", "now", "value_at_risk_amount").round(DECIMALS),
            snapshot_date=pl.lit(snapshot), before_date=pl.lit(earlier),
        )
        .filter(pl.col("now") > pl.col("before"))
        .select(list(SCHEMA))
        .cast(pl.Schema(SCHEMA))
        .sort("kind", "value_at_risk_amount", "subject", descending=[False, True, False])
    )  # fmt: skip


def _users(now: pl.DataFrame, before: pl.DataFrame, jump: float) -> pl.DataFrame:
    """Users with an alarm whose probability rose by `jump` or more."""
    both = now.filter(pl.col("risk_tier").is_in(ALARMS)).join(
        before.select("user_id", before="churn_probability"), on="user_id", maintain_order="left"
    )
    return both.filter(pl.col("churn_probability") - pl.col("before") >= jump).select(
        "before", "value_at_risk_amount", kind=pl.lit("user"), subject="user_id", now="churn_probability",
        users=pl.lit(1, pl.Int64),
    ).select(_COLUMNS)  # fmt: skip


def _segments(now: pl.DataFrame, before: pl.DataFrame, segments: pl.DataFrame, days: tuple[date, date]) -> pl.DataFrame:
    """Segments whose mean probability rose; each with the users who are in it on the day."""
    means = [
        scored.join(segments.filter(pl.col("day") == day), on="user_id")
        .filter(pl.col("segment").is_not_null())
        .group_by("segment", maintain_order=True)
        .agg(
            pl.col("churn_probability").mean().alias("mean"),
            (pl.col("churn_probability").var() / pl.len()).alias("error"),
            pl.len().cast(pl.Int64).alias("users"),
            pl.col("value_at_risk_amount").sum(),
        )
        for scored, day in zip((now, before), days, strict=True)
    ]
    both = means[0].join(means[1], on="segment", suffix="_before")
    return (
        both.with_columns(error=(pl.col("error") + pl.col("error_before")).sqrt())
        .filter(_has_risen("mean", "mean_before", "users", "users_before"))
        .select(
            "users", "value_at_risk_amount", kind=pl.lit("segment"), subject="segment", before="mean_before",
            now="mean",
        )
        .select(_COLUMNS)
    )  # fmt: skip


def _reasons(now: pl.DataFrame, before: pl.DataFrame, reasons: tuple[pl.DataFrame, pl.DataFrame]) -> pl.DataFrame:
    """Reasons the company can act on that more of the users with an alarm have."""
    shares = []
    for scored, summaries in zip((now, before), reasons, strict=True):
        alarms = scored.filter(pl.col("risk_tier").is_in(ALARMS)).height
        is_of_alarms = (pl.col("dimension") == "risk_tier") & pl.col("segment").is_in(ALARMS)
        shares.append(
            summaries.filter(is_of_alarms, pl.col("kind") == "actionable")
            .group_by("reason_group", maintain_order=True)
            .agg(pl.col("users", "value_at_risk_amount").sum())
            .with_columns(share=pl.col("users") / max(alarms, 1), alarms=pl.lit(alarms, pl.Int64))
            .with_columns(error=pl.col("share") * (1 - pl.col("share")) / max(alarms, 1))
        )
    both = shares[0].join(shares[1], on="reason_group", suffix="_before")
    return (
        both.with_columns(error=(pl.col("error") + pl.col("error_before")).sqrt())
        .filter(_has_risen("share", "share_before", "alarms", "alarms_before"))
        .select(
            "users", "value_at_risk_amount", kind=pl.lit("reason"), subject="reason_group", before="share_before",
            now="share",
        )
        .select(_COLUMNS)
    )  # fmt: skip


_COLUMNS = ("kind", "subject", "before", "now", "users", "value_at_risk_amount")


def _has_risen(now: str, before: str, users: str, users_before: str) -> pl.Expr:
    rise = pl.col(now) - pl.col(before)
    is_large = (pl.col(users) >= LEAST_USERS) & (pl.col(users_before) >= LEAST_USERS)
    return is_large & (rise >= LEAST_RISE) & (rise >= SIGNIFICANT * pl.col("error"))
