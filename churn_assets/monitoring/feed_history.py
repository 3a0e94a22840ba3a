"""The history of a feed: rows per day as known at a snapshot and at the same weekday of every week before it.

Nothing looks ahead: the days before an earlier date are counted as they were known then, so rows that always come late
are missing in the past as they are now.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt
import pandera.polars as pa
import polars as pl

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

WEEK = 7
WEEKS = 135  # two years, three weeks around them, and the half year that those are held against
DAYS = 6 * WEEK  # before each date: the longest month, and the windows that end up to a week before it begins
# Longer lags count as this one: no window looks back further.
LONGEST_LAG_DAYS = 60
# Where fewer than half of the rows of so many days before a date were known by that date, they were loaded later, all
# at once, and how the feed looked then is unknown. These days count as they are known now.
LOADED_DAYS, LOADED_SHARE = 112, 0.5
# One row in a thousand may be dated before the table begins, by mistake.
STRAY_SHARE = 0.001
# A user whose first row is so many days old or more is a returning user.
RETURNING_DAYS = 4 * WEEK


class FeedCounts(pa.DataFrameModel):
    """One row per raw table, event date and known date.

    `squares` sums over users the square of their rows in the cell: rows in clusters are weaker evidence than as many
    independent ones. `returning_` counts rows of users whose first row of the table, as far as it was known by then,
    lies at least RETURNING_DAYS before.
    """

    table: str = pa.Field(str_length={"min_value": 1})
    event_date: pl.Date
    known_date: pl.Date
    rows: int = pa.Field(ge=1)
    squares: int = pa.Field(ge=1)
    returning_rows: int = pa.Field(ge=0)
    returning_squares: int = pa.Field(ge=0)

    class Config:
        strict = True
        unique = ("table", "event_date", "known_date")


@dataclass(frozen=True)
class FeedHistory:
    """One raw table at one snapshot. Arrays are by week back (0: now) and day back (0: the day before), so
    `rows[k, a]` is of the day `a + 1 + 7 k` days before the snapshot.
    """

    snapshot: date
    first_date: date
    last_date: date
    rows: Floats
    returning: Floats
    clusters: float  # mean rows of a row's user on its day: variance over mean where users come by chance
    returning_clusters: float
    closed: frozenset[date]
    is_closed: Flags

    @property
    def days(self) -> int:
        """Days from the first day of the table to the snapshot."""
        return (self.snapshot - self.first_date).days


def history(counts: pl.DataFrame, snapshot: date, closed: frozenset[date]) -> FeedHistory | None:
    """The history before `snapshot` in `counts` (FeedCounts of one table); None if nothing was known by then."""
    known = counts.filter(pl.col("known_date") < snapshot, pl.col("event_date") < snapshot)
    if known.is_empty():
        return None
    by_day = known.group_by("event_date", maintain_order=True).agg(pl.col("rows").sum()).sort("event_date")
    share = by_day["rows"].cum_sum() / by_day["rows"].sum()
    recent = known.filter(pl.col("event_date") >= snapshot - timedelta(days=LOADED_DAYS))
    return FeedHistory(
        snapshot=snapshot,
        first_date=by_day["event_date"].filter(share >= STRAY_SHARE)[0],
        last_date=by_day["event_date"][-1],
        rows=_as_known(known, "rows", snapshot),
        returning=_as_known(known, "returning_rows", snapshot),
        clusters=_clusters(recent, "rows", "squares"),
        returning_clusters=_clusters(recent, "returning_rows", "returning_squares"),
        closed=closed,
        is_closed=_is_closed(snapshot, closed),
    )


def _clusters(cells: pl.DataFrame, rows: str, squares: str) -> float:
    total = int(cells[rows].sum())
    return max(1.0, int(cells[squares].sum()) / total) if total else 1.0


def _as_known(cells: pl.DataFrame, column: str, snapshot: date) -> Floats:
    reach = WEEK * WEEKS + LOADED_DAYS
    day = cells.select((pl.lit(snapshot) - pl.col("event_date")).dt.total_days() - 1).to_series().to_numpy()
    lag = cells.select((pl.col("known_date") - pl.col("event_date")).dt.total_days()).to_series().to_numpy()
    is_within_reach = day < reach
    by_lag = np.zeros((reach, LONGEST_LAG_DAYS + 1))
    values = cells[column].to_numpy().astype(np.float64)
    np.add.at(
        by_lag, (day[is_within_reach], np.clip(lag[is_within_reach], 0, LONGEST_LAG_DAYS)), values[is_within_reach]
    )
    known_by_lag = by_lag.cumsum(axis=1)
    back = np.arange(LOADED_DAYS)
    days = WEEK * np.arange(WEEKS)[:, None] + back
    known_then = known_by_lag[days, np.minimum(back, LONGEST_LAG_DAYS)]
    known_now = known_by_lag[days, -1]
    is_loaded_later = known_then.sum(axis=1) < LOADED_SHARE * known_now.sum(axis=1)
    rows: Floats = np.where(is_loaded_later[:, None], known_now, known_then)[:, :DAYS]
    return rows


def _is_closed(snapshot: date, closed: frozenset[date]) -> Flags:
    days_back = WEEK * np.arange(WEEKS)[:, None] + np.arange(1, DAYS + 1)
    return np.isin(days_back, [(snapshot - day).days for day in closed])
