"""Feeds of one table as counts (FeedCounts), and what is said of them.

Unless a test says otherwise exactly as many rows come as are expected: nothing is chance.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import polars as pl

from churn_assets.monitoring.feed import Verdict, judge

D = date(2026, 11, 16)  # a Monday
START = D - timedelta(weeks=40)
NONE: dict[str, frozenset[date]] = {}


def feed(
    rows: Callable[[date], float],
    *,
    start: date = START,
    until: date = D,
    returning: Callable[[date], float] | None = None,
    lag_days: int = 0,
    cluster: int = 1,
    table: str = "orders",
) -> pl.DataFrame:
    """A table with `rows(day)` rows each day, each `lag_days` late; all of returning users from the fifth week on."""
    days = [start + timedelta(days=number) for number in range((until - start).days)]
    counts = pl.DataFrame(
        {
            "table": table,
            "event_date": days,
            "known_date": [day + timedelta(days=lag_days) for day in days],
            "rows": [round(rows(day)) for day in days],
        }
    )
    back = [
        min(round((returning or rows)(day)), round(rows(day))) if (day - start).days >= 28 else 0 for day in days
    ]  # fmt: skip
    counts = counts.with_columns(
        squares=pl.col("rows") * cluster, returning_rows=pl.Series(back), returning_squares=pl.Series(back) * cluster
    )
    return counts.filter(pl.col("rows") > 0)


def verdict(counts: pl.DataFrame, snapshot: date = D, *, previous: date | None = None, **more: object) -> Verdict:
    options = {"closed": NONE, "vital": ()} | more
    found = judge(counts, snapshot, previous or snapshot - timedelta(days=7), **options)
    (only,) = found.values()
    return only


def last(days: int, share: float, usual: float = 100.0) -> Callable[[date], float]:
    """As usual, but for the last days before D."""
    return lambda day: usual * share if day >= D - timedelta(days=days) else usual


def state(counts: pl.DataFrame, snapshot: date = D, **more: object) -> str:
    return verdict(counts, snapshot, **more).state
