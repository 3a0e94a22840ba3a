"""How churn at this time of year differs from that of the newest labels, from the years before.

Labels mature a horizon late, so a calibrator learned before Christmas is applied in January. The effect of the season
is measured in earlier years, as the change of the churn level (levels.py) between both times of year.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from churn_assets.model.levels import usual_change, year_pairs

if TYPE_CHECKING:
    from datetime import date

    import polars as pl


@dataclass(frozen=True)
class Season:
    """`log_odds`: by which churn is likelier at the snapshot than at the newest slice; 0 where no year tells.

    `measured_log_odds`: mean over the `years`, before it is shrunk by its error.
    """

    log_odds: float = 0.0
    measured_log_odds: float | None = None
    years: int = 0

    @property
    def is_known(self) -> bool:
        return self.years > 0


def measured_season(levels: pl.DataFrame, *, snapshot: date, newest: date) -> Season:
    """From the levels of both times in each earlier year, shrunk towards zero (positive-part James-Stein).

    Its error is that of the levels and of the change that is usual over so many days at any time of the year: a change
    no larger than that is none of the season.
    """
    by_date = {day: (level, error) for day, level, error in levels.select("level_date", "level", "level_error").rows()}
    pairs = [(by_date[then], by_date[now]) for then, now in year_pairs(snapshot, newest) if {then, now} <= set(by_date)]
    if not pairs:
        return Season()
    shift = float(np.mean([now[0] - then[0] for then, now in pairs]))
    usual = usual_change(levels, (snapshot - newest).days) ** 2
    variance = sum(then[1] ** 2 + now[1] ** 2 + usual for then, now in pairs) / len(pairs) ** 2
    shrunk = shift * max(0.0, 1 - variance / shift**2) if shift else 0.0
    return Season(shrunk, shift, len(pairs))
