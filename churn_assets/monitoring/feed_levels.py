"""Rows of a window of days of one raw table, and rows expected from its own history."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

import numpy as np
from scipy import stats

from churn_assets.monitoring.feed_history import RETURNING_DAYS, WEEK, WEEKS, FeedHistory, Flags, Floats

# Of 1 to 3 days a quarter: single days are cold, rainy or holidays. Of a week 0.7: half the rows missing is detected.
LOWEST_SHARES = {1: 0.25, 2: 0.25, 3: 0.25, WEEK: 0.7}
# The newest 12 weeks on which nothing was closed, of half a year; 4 of them at least.
REFERENCE_WEEKS, REACH_WEEKS, FEWEST_WEEKS, RECENT_WEEKS = 12, 26, 4, 3
LOWER_QUARTILE = 0.25
GROWTH = 2.0  # beyond it the last weeks are a campaign, not growth
CHANCE = 1e-6
YEARS, SEASON_WEEKS, SEASON_SLACK = (52, 104), 3, 0.85


@dataclass(frozen=True)
class Window:
    """`days` days, of which the last one ends `start` days before the snapshot."""

    start: int
    days: int


@dataclass(frozen=True)
class FeedLevel:
    """Rows of a window, rows expected, and the clusters they come in (see History)."""

    rows: float
    expected: float
    clusters: float

    @property
    def share(self) -> float:
        return self.rows / self.expected

    @property
    def errors(self) -> float:
        """Missing rows in standard errors of a Poisson count."""
        return float((self.expected - self.rows) / np.sqrt(self.expected))

    @property
    def can_tell(self) -> bool:
        """Whether an empty window would be significant."""
        return self.expected > 0 and _chance(0, self.expected, self.clusters) < CHANCE

    @property
    def is_beyond_chance(self) -> bool:
        return _chance(self.rows, self.expected, self.clusters) < CHANCE


def level(past: FeedHistory, window: Window, *, at: int = 0) -> FeedLevel | None:
    """The level of all rows in the window `at` weeks back; None where it is closed or too few earlier weeks are known.

    Expected is the lower quartile of the same weekdays of REFERENCE_WEEKS weeks: a sale or an outage does
    not change it, and a level that has lasted three weeks is the new one. Where the table has grown since, it is the
    lowest of the last RECENT_WEEKS.
    """
    return _level(past.rows, past.days, past, window, past.clusters, at)


def returning_level(past: FeedHistory, window: Window, *, at: int = 0) -> FeedLevel | None:
    """The level of returning users' rows alone; None also where they are too few for a test."""
    returning = _level(past.returning, past.days - RETURNING_DAYS, past, window, past.returning_clusters, at)
    return returning if returning and returning.can_tell else None


def season(past: FeedHistory, window: Window) -> float:
    """The factor on expectations for the season: the lowest share around the same time of a year before; of several
    years the highest, since one of them may have been an outage. 1 where nothing is known or the share did not fall.
    """
    lows = [low for year in YEARS if (low := _lowest_share(past, window, year)) is not None]
    return min(1.0, SEASON_SLACK * max(lows) / LOWEST_SHARES[window.days]) if lows else 1.0


def _lowest_share(past: FeedHistory, window: Window, year: int) -> float | None:
    """The lowest share of windows of the same length that ended within SEASON_WEEKS of `year` weeks before: of all rows
    or of returning users' rows, whichever is higher. None if not all of these windows are known.
    """
    shares = []
    for week in range(year - SEASON_WEEKS, year + SEASON_WEEKS + 1):
        for days_earlier in range(WEEK):
            window_then = Window(window.start + days_earlier, window.days)
            all_users = level(past, window_then, at=week)
            if all_users is None:
                return None
            if all_users.can_tell:
                returning = returning_level(past, window_then, at=week)
                shares.append(max(all_users.share, returning.share) if returning else all_users.share)
    return min(shares, default=None)


def _level(
    rows: Floats, history_days: int, past: FeedHistory, window: Window, clusters: float, at: int
) -> FeedLevel | None:  # fmt: skip
    days = slice(window.start, window.start + window.days)
    is_open = ~past.is_closed[0, days]
    sums = rows[:, days][:, is_open].sum(axis=1)
    usable = _is_usable(past, days, is_open, history_days)[at + 1 : at + 1 + REACH_WEEKS]
    weeks = sums[at + 1 + np.flatnonzero(usable)[:REFERENCE_WEEKS]]
    if weeks.size < FEWEST_WEEKS or not is_open.any():
        return None
    quartile = np.sort(weeks)[ceil(LOWER_QUARTILE * weeks.size) - 1]
    recent = weeks[:RECENT_WEEKS].min()
    expected = recent if quartile < recent <= GROWTH * quartile else quartile
    return FeedLevel(float(sums[at]), float(expected), clusters)


def _is_usable(past: FeedHistory, days: slice, is_open: Flags, history_days: int) -> Flags:
    """Whether each week back is comparable: it lies within the history, and no day open now was closed then."""
    is_within = WEEK * np.arange(WEEKS) + days.stop <= history_days
    return np.asarray(is_within & ~past.is_closed[:, days][:, is_open].any(axis=1))


def _chance(rows: float, expected: float, clusters: float) -> float:
    """Probability of so few rows or fewer where `expected` come by chance, in clusters of a mean size."""
    return float(stats.poisson.cdf(np.floor(rows / clusters), expected / clusters))
