"""Whether the newest days of a raw table have arrived, judged by the table's own history.

A failed export or a half-uploaded week makes every user look like a churner. So the rows of the last 1, 2, 3 and 7 days
before a snapshot (and of each whole week since the snapshot before) are compared with the same weekdays of the weeks
before, as they were known after as many days (feed_history). A window is thin where all of this holds (feed_levels):

- Size. It has less than LOWEST_SHARES of the expected rows.
- Chance. The probability of so few rows is below one in a million, for a Poisson number of clusters (rows of one user
  on one day). With 3 orders a day an empty day is not significant, an empty week is.
- Season. It has less than SEASON_SLACK of the share that the same weeks of earlier years had (three weeks either side:
  Chinese New Year moves by as much).
- Returning users. Their rows are missing too, where they are enough for a test: when a campaign for new users ends,
  orders fall by half in a day and nothing is broken.

A table without any new row is broken too, until it has been silent for SILENT_DAYS. Nothing is judged before
HISTORY_DAYS. Rates of false alarms and of detection: benchmarks/feed.py.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from math import ceil
from typing import Literal

import polars as pl

from churn_assets.monitoring.feed_history import RETURNING_DAYS, WEEK, FeedCounts, FeedHistory, history
from churn_assets.monitoring.feed_levels import LOWEST_SHARES, FeedLevel, Window, level, returning_level, season

RETURNING_SHARE = 0.8  # of the returning users' expected rows: from this share on they are not missing
HISTORY_DAYS = 2 * RETURNING_DAYS + WEEK
SILENT_DAYS = 8 * WEEK
MONTH_WEEKS = 5


@dataclass(frozen=True)
class Verdict:
    """The state of one raw table at one snapshot. `broken`: from `first_day` to `last_day`, both included, `rows` came
    where `expected_rows` were expected. `unjudged`: `note` says why.
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

    `previous`: the snapshot before. `closed`: days without expected rows, by table. `vital`: tables whose
    silence never becomes the new level. Raises pandera SchemaErrors on malformed counts.
    """
    FeedCounts.validate(counts, lazy=True)
    verdicts = {}
    for (table,), cells in sorted(counts.partition_by("table", as_dict=True).items()):
        past = history(cells, snapshot, closed.get(table, frozenset()))
        verdicts[table] = _judged(table, past, previous, is_vital=table in vital)
    return verdicts


def sentence(verdict: Verdict, snapshot: date, *, is_vital: bool) -> str:
    """The message for a broken feed: missing rows, table, days, and what to do."""
    first, last = verdict.first_day, verdict.last_day
    days = f"on {last}" if first == last else f"from {first} to {last}"
    only = "" if is_vital else f", tables: [{verdict.table}]"
    return (
        f"{verdict.table} has {verdict.rows:,} rows {days} where about {verdict.expected_rows:,.0f} were "
        f"expected from its own history: deliver the missing rows and run again (what has an ingested_at of {snapshot} "
        "or later counts from the next snapshot on), or, if nothing came because you were closed, set "
        f"landing.closed_dates: [{{from: {first}, to: {last}{only}}}]"
    )


def _judged(table: str, past: FeedHistory | None, previous: date, *, is_vital: bool) -> Verdict:
    if past is None:
        return Verdict(table, "unjudged", "no rows yet")
    if past.days < HISTORY_DAYS:
        return Verdict(table, "unjudged", f"{past.days} days of history, {HISTORY_DAYS} needed")
    silent_days = (past.snapshot - past.last_date).days - 1
    if silent_days > WEEK:
        return _silent(table, past, silent_days, is_vital=is_vital)
    levels = {window: current for window in _windows(past.snapshot - previous) if (current := level(past, window))}
    thin = {window: current for window, current in levels.items() if _is_thin(past, window, current)}
    if thin:
        empty = Window(0, silent_days)  # the whole empty period, although a part of it was significant
        if any(window.start == 0 and current.rows == 0 for window, current in thin.items()) and (
            empty_level := level(past, empty)
        ):
            thin[empty] = empty_level
        window = max(thin, key=lambda window: thin[window].errors)
        return _broken(table, past.snapshot, window, thin[window])
    if not any(current.can_tell for current in levels.values()):
        return Verdict(table, "unjudged", "too few rows, or too uneven, for any window to tell")
    return Verdict(table, "whole")


def _windows(cadence: timedelta) -> list[Window]:
    """The newest days; and each whole week since the snapshot before, up to a month."""
    weeks = min(max(1, ceil(cadence.days / WEEK)), MONTH_WEEKS)
    return [Window(0, days) for days in LOWEST_SHARES] + [Window(WEEK * week, WEEK) for week in range(1, weeks)]


def _is_thin(past: FeedHistory, window: Window, current: FeedLevel) -> bool:
    """Whether rows are missing that neither chance, season nor new users explain."""
    lowest = LOWEST_SHARES[window.days]
    if not current.can_tell or current.share >= lowest:
        return False
    season_share = season(past, window)
    if (
        current.share >= lowest * season_share
        or not FeedLevel(current.rows, current.expected * season_share, current.clusters).is_beyond_chance
    ):
        return False
    returning = returning_level(past, window)
    return returning is None or returning.share < RETURNING_SHARE * season_share


def _broken(table: str, snapshot: date, window: Window, current: FeedLevel) -> Verdict:
    last_day = snapshot - timedelta(days=window.start + 1)
    first_day = last_day - timedelta(days=window.days - 1)
    return Verdict(table, "broken", "", first_day, last_day, round(current.rows), current.expected)


def _silent(table: str, past: FeedHistory, silent_days: int, *, is_vital: bool) -> Verdict:
    """The verdict for a table without a row for more than a week: compared with the weeks before its last row."""
    since = past.last_date + timedelta(days=1)
    open_days = sum(since + timedelta(days=day) not in past.closed for day in range(silent_days))
    if open_days > SILENT_DAYS and not is_vital:
        return Verdict(table, "unjudged", f"no rows since {since}, more than {SILENT_DAYS} days: taken as ended")
    week = Window(0, WEEK)
    level_before = level(past, week, at=ceil(silent_days / WEEK) - 1)
    if level_before is None:
        return Verdict(table, "unjudged", f"no rows since {since}, and too little history before it")
    expected = level_before.expected * open_days / WEEK
    if not FeedLevel(0, expected * season(past, week), past.clusters).can_tell:
        return Verdict(table, "unjudged", f"no rows since {since}, and too few before it to tell")
    return Verdict(table, "broken", "", since, past.snapshot - timedelta(days=1), 0, expected)
