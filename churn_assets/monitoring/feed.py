"""Whether the newest days of a raw table have arrived, judged by the table's own past.

A dead export or a half-uploaded week makes every user look lost. So the rows of the last 1, 2, 3 and 7 days before a
snapshot (and of each whole week since the snapshot before) are held against the same weekdays of the weeks before, each
as it was known at the same distance (feed_history). A window is thin where all of this holds (feed_levels):

- Size. It has less than LOWEST_SHARES of the rows to be expected.
- Chance. So few rows would come by chance less than once in a million times, were they Poisson in clusters
  (rows of one user on one day). With 3 orders a day an empty day proves nothing, an empty week does.
- Season. It has less than SEASON_SLACK of what the same weeks of the years before had left (three weeks either side:
  Chinese New Year moves by as much).
- Returning users are missing too, where they are many enough to tell: when a campaign for new users ends, orders fall
  by half in a day and nothing is broken.

A table that has fallen silent altogether is broken too, until it has been so for SILENT_DAYS. Nothing is judged before
HISTORY_DAYS. How often that is wrong, and what it finds: benchmarks/feed.py.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from math import ceil
from typing import Literal

import polars as pl

from churn_assets.monitoring.feed_history import RETURNING_DAYS, WEEK, FeedCounts, History, history
from churn_assets.monitoring.feed_levels import LOWEST_SHARES, Level, Window, level, returning_level, season

RETURNING_SHARE = 0.8  # of the returning users' expected rows: from here on they are not missing
HISTORY_DAYS = 2 * RETURNING_DAYS + WEEK
SILENT_DAYS = 8 * WEEK
MONTH_WEEKS = 5


@dataclass(frozen=True)
class Verdict:
    """Of one raw table at one snapshot. `broken`: from `first_day` to `last_day`, both included, `rows` came where
    `expected_rows` were to be expected. `unjudged`: `note` says why.
    """

    table: str
    state: Literal["whole", "broken", "unjudged"]
    note: str = ""
    first_day: date | None = None
    last_day: date | None = None
    rows: int = 0
    expected_rows: float = 0.0


def judge(
    counts: pl.DataFrame,
    snapshot: date,
    previous: date,
    *,
    closed: Mapping[str, frozenset[date]],
    vital: Collection[str],
) -> dict[str, Verdict]:
    """A verdict for each table in `counts` (FeedCounts; rows known or dated at or after `snapshot` are not looked at).

    `previous`: the snapshot before. `closed`: days on which nothing was to come, by table. `vital`: tables whose
    silence never becomes the new level. Raises pandera SchemaErrors on malformed counts.
    """
    FeedCounts.validate(counts, lazy=True)
    verdicts = {}
    for (table,), cells in sorted(counts.partition_by("table", as_dict=True).items()):
        past = history(cells, snapshot, closed.get(table, frozenset()))
        verdicts[table] = _judged(table, past, previous, is_vital=table in vital)
    return verdicts


def sentence(verdict: Verdict, snapshot: date, *, is_vital: bool) -> str:
    """Of a broken feed: what is missing of which table on which days, and what to do."""
    first, last = verdict.first_day, verdict.last_day
    days = f"on {last}" if first == last else f"from {first} to {last}"
    only = "" if is_vital else f", tables: [{verdict.table}]"
    return (
        f"{verdict.table} has {verdict.rows:,} rows {days} where about {verdict.expected_rows:,.0f} were to be "
        f"expected by its own past: deliver the missing rows and run again (what has an ingested_at of {snapshot} or "
        "later counts from the next snapshot on), or, if nothing was to come because you were closed, say so with "
        f"landing.closed_dates: [{{from: {first}, to: {last}{only}}}]"
    )


def _judged(table: str, past: History | None, previous: date, *, is_vital: bool) -> Verdict:
    if past is None:
        return Verdict(table, "unjudged", "no rows yet")
    if past.days < HISTORY_DAYS:
        return Verdict(table, "unjudged", f"{past.days} days of history, {HISTORY_DAYS} needed")
    silent_days = (past.snapshot - past.last_date).days - 1
    if silent_days > WEEK:
        return _silent(table, past, silent_days, is_vital=is_vital)
    looks = {window: found for window in _windows(past.snapshot - previous) if (found := level(past, window))}
    thin = {window: found for window, found in looks.items() if _is_thin(past, window, found)}
    if thin:
        empty = Window(0, silent_days)  # all that is empty, where less was enough to tell
        if any(window.start == 0 and found.rows == 0 for window, found in thin.items()) and (
            all_of_it := level(past, empty)
        ):
            thin[empty] = all_of_it
        window = max(thin, key=lambda each: thin[each].errors)
        return _broken(table, past.snapshot, window, thin[window])
    if not any(found.can_tell for found in looks.values()):
        return Verdict(table, "unjudged", "too few rows, or too uneven, for any window to tell")
    return Verdict(table, "whole")


def _windows(cadence: timedelta) -> list[Window]:
    """The newest days; and each whole week since the snapshot before, up to a month."""
    weeks = min(max(1, ceil(cadence.days / WEEK)), MONTH_WEEKS)
    return [Window(0, days) for days in LOWEST_SHARES] + [Window(WEEK * week, WEEK) for week in range(1, weeks)]


def _is_thin(past: History, window: Window, found: Level) -> bool:
    """Whether rows are missing beyond all excuses."""
    lowest = LOWEST_SHARES[window.days]
    if not found.can_tell or found.share >= lowest:
        return False
    left = season(past, window)
    if found.share >= lowest * left or not Level(found.rows, found.expected * left, found.clusters).is_beyond_chance:
        return False
    returning = returning_level(past, window)
    return returning is None or returning.share < RETURNING_SHARE * left


def _broken(table: str, snapshot: date, window: Window, found: Level) -> Verdict:
    last_day = snapshot - timedelta(days=window.start + 1)
    first_day = last_day - timedelta(days=window.days - 1)
    return Verdict(table, "broken", "", first_day, last_day, round(found.rows), found.expected)


def _silent(table: str, past: History, silent_days: int, *, is_vital: bool) -> Verdict:
    """For a table without a row for more than a week: held against the weeks before it fell silent."""
    since = past.last_date + timedelta(days=1)
    open_days = sum(since + timedelta(days=day) not in past.closed for day in range(silent_days))
    if open_days > SILENT_DAYS and not is_vital:
        return Verdict(table, "unjudged", f"no rows since {since}, more than {SILENT_DAYS} days: taken as ended")
    week = Window(0, WEEK)
    before = level(past, week, at=ceil(silent_days / WEEK) - 1)
    if before is None:
        return Verdict(table, "unjudged", f"no rows since {since}, and too little history before it")
    expected = before.expected * open_days / WEEK
    if not Level(0, expected * season(past, week), past.clusters).can_tell:
        return Verdict(table, "unjudged", f"no rows since {since}, and too few before it to tell")
    return Verdict(table, "broken", "", since, past.snapshot - timedelta(days=1), 0, expected)
