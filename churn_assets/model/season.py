"""How churn at this time of year differs from that of the newest labels, from the years before.

Labels mature a horizon late, so a calibrator learned before Christmas is applied in January. The effect of the
season is measured in earlier years: the share of recent buyers who did not buy in the window, at both times of year.
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
LEAST_USERS = 200  # of either outcome: below it the log-odds of a share are mostly chance


def season_dates(snapshot: date, newest: date, oldest_order: date, *, window_days: int) -> list[tuple[date, date]]:
    """(date like the newest slice, date like the snapshot), a pair per earlier year: settled and matured."""
    pairs = []
    for year in range(1, YEARS + 1):
        years_back = timedelta(days=YEAR_DAYS * year)
        then, now = newest - years_back, snapshot - years_back
        is_settled = then - timedelta(days=SETTLED_DAYS) >= oldest_order
        if is_settled and now + timedelta(days=window_days) <= snapshot:
            pairs.append((then, now))
    return pairs


def season_shift(pairs: Sequence[tuple[date, date]], counts: pl.DataFrame) -> float:
    """Log-odds by which the share of churners at the snapshot is above that of the newest slice; 0 where unknown.

    `counts`: a row per date of `pairs`: snapshot_date, users, churners. The mean over the years, shrunk towards zero
    (positive-part James-Stein: a shift within its standard error is none).
    """
    counts_by_date = {day: (users, churners) for day, users, churners in counts.iter_rows()}
    shifts, variances = [], []
    for then, now in pairs:
        sides = [counts_by_date.get(day, (0, 0)) for day in (then, now)]
        if all(min(churners, users - churners) >= LEAST_USERS for users, churners in sides):
            shifts.append(float(np.diff([logit(churners / users) for users, churners in sides])[0]))
            variances.append(sum(1 / churners + 1 / (users - churners) for users, churners in sides))
    if not shifts:
        return 0.0
    shift, variance = float(np.mean(shifts)), sum(variances) / len(shifts) ** 2
    return shift * max(0.0, 1 - variance / shift**2) if shift else 0.0
