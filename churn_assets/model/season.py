"""How much more or less often users leave at this time of year than at that of the newest labels, from years before.

Labels mature a horizon late, so a calibrator learned before Christmas speaks of Christmas shoppers in January. What a
season does is seen in earlier years: the share of recent buyers who did not buy in the window, at both times of year.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import logit

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

YEAR_DAYS = 364  # the same weekday
YEARS = 3  # at most; shops change
SETTLED_DAYS = 91  # the first quarter of a shop's data is its beginning, not a season
LEAST_USERS = 200  # of each kind: below it the log-odds of a share are mostly chance


def season_dates(snapshot: date, newest: date, oldest_order: date, *, window_days: int) -> list[tuple[date, date]]:
    """(like the newest slice, like the snapshot), one pair per earlier year that had settled and has matured."""
    pairs = []
    for year in range(1, YEARS + 1):
        back = timedelta(days=YEAR_DAYS * year)
        then, now = newest - back, snapshot - back
        is_settled = then - timedelta(days=SETTLED_DAYS) >= oldest_order
        if is_settled and now + timedelta(days=window_days) <= snapshot:
            pairs.append((then, now))
    return pairs


def season_shift(pairs: Sequence[tuple[date, date]], counts: pl.DataFrame) -> float:
    """Log-odds by which the share of churners at the snapshot is above that of the newest slice; 0 where unknown.

    `counts`: a row per date of `pairs`: snapshot_date, users, churners. The mean over the years, shrunk by what chance
    explains of it (positive-part James-Stein: a shift within its standard error is none).
    """
    held = {day: (users, churners) for day, users, churners in counts.iter_rows()}
    shifts, variances = [], []
    for then, now in pairs:
        sides = [held.get(day, (0, 0)) for day in (then, now)]
        if all(min(churners, users - churners) >= LEAST_USERS for users, churners in sides):
            shifts.append(float(np.diff([logit(churners / users) for users, churners in sides])[0]))
            variances.append(sum(1 / churners + 1 / (users - churners) for users, churners in sides))
    if not shifts:
        return 0.0
    shift, variance = float(np.mean(shifts)), sum(variances) / len(shifts) ** 2
    return shift * max(0.0, 1 - variance / shift**2) if shift else 0.0
