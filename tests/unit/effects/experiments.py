"""Campaigns of a few users, and their readout by arm and metric."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import polars as pl

from churn_assets.effects.readout import readout

SNAPSHOT = date(2025, 6, 30)
ASSIGNED = datetime(2025, 6, 2)  # UTC, naive
TIME = pl.Datetime("us")


def experiment(**arms: list[tuple[int, float]]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """One campaign with equal propensities; per arm the (orders, spend) of each user."""
    rows = [(f"{arm}{number}", arm, *outcome) for arm, users in arms.items() for number, outcome in enumerate(users)]
    frame = pl.DataFrame(
        rows,
        schema={"user_id": pl.String, "arm": pl.String, "orders_count": pl.Int64, "spent_amount": pl.Float64},
        orient="row",
    ).with_columns(
        campaign=pl.lit("c1"),
        propensity=pl.lit(1 / len(arms)),
        assigned_at=pl.lit(ASSIGNED, pl.Datetime("us")),
    )
    return (
        frame.select("campaign", "user_id", "arm", "propensity", "assigned_at"),
        frame.select("campaign", "user_id", "spent_amount", "orders_count"),
    )


def part(
    arms: dict[str, tuple[float, int, int]], assigned_at: datetime, prefix: str
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Part of campaign c1: per arm its propensity, users, and how many of them came back."""
    frame = pl.DataFrame(
        [
            (f"{prefix}{arm}{number}", arm, propensity, int(number < back))
            for arm, (propensity, users, back) in arms.items()
            for number in range(users)
        ],
        schema={"user_id": pl.String, "arm": pl.String, "propensity": pl.Float64, "orders_count": pl.Int64},
        orient="row",
    ).with_columns(campaign=pl.lit("c1"), assigned_at=pl.lit(assigned_at).cast(TIME), spent_amount=pl.lit(0.0))
    return (
        frame.select("campaign", "user_id", "arm", "propensity", "assigned_at"),
        frame.select("campaign", "user_id", "spent_amount", "orders_count"),
    )


def both(*parts: tuple[pl.DataFrame, pl.DataFrame]) -> tuple[pl.DataFrame, pl.DataFrame]:
    assignments, outcomes = zip(*parts, strict=True)
    return pl.concat(assignments), pl.concat(outcomes)


def zeros(assignments: pl.DataFrame) -> pl.DataFrame:
    """Nobody bought anything."""
    return assignments.select("campaign", "user_id", spent_amount=pl.lit(0.0), orders_count=pl.lit(0, pl.Int64))


def read(
    assignments: pl.DataFrame, outcomes: pl.DataFrame, *, window_days: int = 28, snapshot: date = SNAPSHOT
) -> dict[tuple[str, str], dict[str, Any]]:
    frame = readout(assignments, outcomes, window_days=window_days, snapshot=snapshot)
    return {(row["arm"], row["metric"]): row for row in frame.iter_rows(named=True)}
