"""Users at dates a step apart who churn as their histories and a planted level say, and tables of levels."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

import numpy as np
import polars as pl
from scipy.special import expit

from churn_assets.model.levels import HISTORY, SCHEMA, STEP_DAYS

SNAPSHOT = date(2026, 1, 5)
DAYS = [SNAPSHOT - timedelta(days=STEP_DAYS * step) for step in range(13, 0, -1)]


def users_at(
    day: date, *, level: float = 0.0, slope: float = 1.0, users: int = 3_000, others: pl.DataFrame | None = None
) -> pl.DataFrame:
    """Users of one date, whose log-odds of churn follow from their histories alone, and `others` who are there too."""
    random = np.random.default_rng(day.toordinal())
    tenure, purchases = random.uniform(1, 700, users), 1.0 + random.poisson(2, users)
    histories = pl.DataFrame([tenure * random.beta(1, purchases), purchases, tenure], schema=list(HISTORY))
    rows = histories if others is None else pl.concat([histories, others])
    recency, purchases, tenure = rows.to_numpy().T
    log_odds = 0.8 * (np.log1p(recency) - 4) - 1.2 * (np.log1p(purchases) - 1.2) + 0.1 * (np.log1p(tenure) - 5)
    return rows.select(
        pl.lit(day).alias("snapshot_date"),
        ("u" + pl.int_range(pl.len()).cast(pl.String).str.zfill(5)).alias("user_id"),
        *HISTORY,
        is_churned=pl.Series(random.random(rows.height) < expit(level + slope * log_odds)),
    )


def buyers(number: int, *, days_ago: tuple[int, int], purchases: float) -> pl.DataFrame:
    """Users who have made so many purchases, the last one so long ago."""
    recency = np.linspace(*days_ago, number)
    return pl.DataFrame(
        [recency, np.full(number, float(purchases)), recency + (purchases - 1) * 50], schema=list(HISTORY)
    )


def levels_of(
    levels: Mapping[date, float], slopes: Mapping[date, float] | None = None, *, error: float = 0.03
) -> pl.DataFrame:
    """The table churn_levels with these levels, each with the same error."""
    rows = [(SNAPSHOT, day, 5_000, 0.5, level, error, (slopes or {}).get(day, 1.0)) for day, level in levels.items()]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")
