"""The level of churn through time: its log-odds beyond what recency, frequency and tenure of the users say.

Crude shares of churners at two dates differ by who was in the population as much as by the season. One predictor is
therefore fixed for all dates, and the level of a date is the shift of its log-odds at which the mean probability is the
share that churned then; the slope says how well it ranked then.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from churn_assets.contracts.churn_levels import ChurnLevels
from churn_assets.model.calibration import Calibrator, fit_calibrator
from churn_assets.model.rfm import fit_rfm

if TYPE_CHECKING:
    from collections.abc import Iterable

    from churn_assets.model.matrix import Floats

HISTORY = ("recency_days", "purchase_days_count", "first_purchase_days")
SCHEMA = {name: column.dtype.type for name, column in ChurnLevels.to_schema().columns.items()}
STEP_DAYS = 28
YEARS = 3  # at most; shops change
LONGEST_WINDOW_DAYS = 182  # where users are of interest for ever: what features see of them
MARGIN_DAYS = 28  # orders of a shop's first weeks are often incomplete
LEAST_USERS = 100  # of either outcome; below it the error of a level is above 0.14
# Before a shop has changes of its own: the standard deviations of level and log-slope from the newest labels to the
# snapshot, and how many changes they count for.
PRIOR_LEVEL_SD, PRIOR_SLOPE_SD, PRIOR_CHANGES = 0.25, 0.1, 4
# A season that the data have not seen: Christmas moved log-odds by up to 1.2 on eight shops, most seasons by 0.2.
UNKNOWN_SEASON_SD = 0.5


@dataclass(frozen=True)
class LevelUncertainty:
    """How far level and slope may have moved since the newest labels: t-distributed, in log-odds and log of slope.

    `season_is_known`: the same weeks of an earlier year are in the data; else level_sd holds what a season may do.
    """

    level_sd: float
    slope_sd: float
    degrees_of_freedom: int
    season_is_known: bool


def level_dates(
    snapshot: date, newest: date, oldest_order: date, *, window_days: int, active_within_days: int | None
) -> list[date]:
    """Dates whose window has passed by `snapshot` and before which a whole activity window lies in the data: every
    STEP_DAYS back from `newest`, and those like `newest` and like `snapshot` in earlier years (season.py).
    """
    first = settled_from(oldest_order, active_within_days)
    steps = (newest - timedelta(days=STEP_DAYS * step) for step in range(YEARS * 365 // STEP_DAYS + 1))
    years = (day for pair in year_pairs(snapshot, newest) for day in pair)
    last = snapshot - timedelta(days=window_days)
    return sorted({day for day in (*steps, *years) if first <= day <= last})


def settled_from(oldest_order: date, active_within_days: int | None) -> date:
    """The first date at which who was active is known of everybody."""
    return oldest_order + timedelta(days=(active_within_days or LONGEST_WINDOW_DAYS) + MARGIN_DAYS)


def year_pairs(snapshot: date, newest: date) -> list[tuple[date, date]]:
    """(date like `newest`, date like `snapshot`) per earlier year, on the same weekday; whatever is in the data."""
    back = [timedelta(days=364 * year) for year in range(1, YEARS + 1)]
    return [(newest - year, snapshot - year) for year in back]


def churn_levels(histories: pl.DataFrame, *, snapshot: date) -> pl.DataFrame:
    """The table churn_levels. `histories`: a row per date and user then active: snapshot_date, user_id, HISTORY,
    is_churned (no purchase in the window). Dates with fewer than LEAST_USERS of either outcome have no row.
    """
    is_large = pl.min_horizontal(pl.col("is_churned").sum(), (~pl.col("is_churned")).sum()) >= LEAST_USERS
    rows = histories.sort("snapshot_date", "user_id").filter(is_large.over("snapshot_date"))
    if rows.is_empty():
        return pl.DataFrame(schema=SCHEMA)
    predictor = fit_rfm(rows, HISTORY)
    levels = [
        _level(day[0], part["is_churned"].to_numpy(), predictor.log_odds(part))
        for day, part in rows.group_by("snapshot_date", maintain_order=True)
    ]
    return pl.DataFrame(levels).select(pl.lit(snapshot).alias("snapshot_date"), pl.all()).cast(pl.Schema(SCHEMA))


def level_uncertainty(levels: pl.DataFrame, *, days: int, season_is_known: bool) -> LevelUncertainty:
    """Of probabilities that were calibrated on labels `days` before, by how levels changed in the past over as many.

    `levels`: the table of the snapshot.
    """
    lag = timedelta(days=-(-days // STEP_DAYS) * STEP_DAYS)
    by_date = {day: (level, float(np.log(slope))) for day, level, slope in _columns(levels)}
    changes = np.array(
        [np.subtract(by_date[day + lag], before) for day, before in by_date.items() if day + lag in by_date]
    ).reshape(-1, 2)
    prior = np.array([PRIOR_LEVEL_SD, PRIOR_SLOPE_SD]) ** 2 * PRIOR_CHANGES
    variance = (prior + (changes**2).sum(axis=0)) / (PRIOR_CHANGES + len(changes))
    unknown = 0.0 if season_is_known else UNKNOWN_SEASON_SD**2
    return LevelUncertainty(
        level_sd=float(np.sqrt(variance[0] + unknown)),
        slope_sd=float(np.sqrt(variance[1])),
        degrees_of_freedom=PRIOR_CHANGES + len(changes),
        season_is_known=season_is_known,
    )


def usual_change(levels: pl.DataFrame, days: int) -> float:
    """Standard deviation of the level's changes over about so many days, most of the year: by their median, so that a
    season does not count as usual. PRIOR_LEVEL_SD stands in for few changes.
    """
    lag = timedelta(days=max(round(days / STEP_DAYS), 1) * STEP_DAYS)
    by_date = {day: level for day, level, _ in _columns(levels)}
    changes = [abs(by_date[day + lag] - level) for day, level in by_date.items() if day + lag in by_date]
    return float(np.median([*changes, *[0.6745 * PRIOR_LEVEL_SD] * PRIOR_CHANGES])) / 0.6745


def _columns(levels: pl.DataFrame) -> Iterable[tuple[date, float, float]]:
    return levels.select("level_date", "level", "slope").iter_rows()


def _level(day: object, is_churned: Floats, log_odds: Floats) -> dict[str, object]:
    share = float(is_churned.mean())
    level = Calibrator().with_mean(log_odds, share)
    probability = level.probability(log_odds)
    return {
        "level_date": day,
        "users": is_churned.size,
        "churned_share": share,
        "level": level.intercept,
        "level_error": float((probability * (1 - probability)).sum() ** -0.5),
        "slope": fit_calibrator(is_churned.astype(bool), log_odds).slope,
    }
