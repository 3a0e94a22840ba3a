"""Weeks of decisions and campaigns with outcomes of a known effect."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import numpy as np
import polars as pl

from churn_assets.effects.assignments import AllOutcomes

SNAPSHOT = date(2026, 6, 1)
FIRST = datetime(2026, 1, 5)  # UTC, naive
WINDOW_DAYS = 28


def campaign(
    random: np.random.Generator, name: str, day: datetime, users: int, arms: dict[str, float], first_user: int = 0
) -> pl.DataFrame:
    """Assignments of one day: per arm its propensity."""
    names = list(arms)
    drawn = random.choice(len(names), users, p=list(arms.values()))
    return pl.DataFrame(
        {
            "campaign": name,
            "user_id": [f"u{first_user + number:05}" for number in range(users)],
            "arm": [names[arm] for arm in drawn],
            "propensity": [arms[names[arm]] for arm in drawn],
            "assigned_at": day,
        },
        schema_overrides={"assigned_at": pl.Datetime("us")},
    )


def outcomes(random: np.random.Generator, assignments: pl.DataFrame, gain: dict[str, float]) -> pl.DataFrame:
    """Users buy with a chance of 0.4, and `gain` of their arm more; who buys spends about 50."""
    base = 0.4 + assignments["arm"].replace_strict(gain, default=0.0, return_dtype=pl.Float64).to_numpy()
    orders = (random.random(len(base)) < base).astype(np.int64)
    before = random.poisson(0.5, len(base))
    frame = assignments.select("campaign", "user_id").with_columns(
        spent_amount=pl.Series(orders * random.lognormal(3.8, 0.5, len(base))),
        orders_count=pl.Series(orders),
        returned_amount=pl.lit(0.0),
        redeemed_amount=pl.lit(0.0),
        contact_cost_amount=pl.lit(0.0),
        clicks_count=pl.lit(0, pl.Int64),
        objections_count=pl.lit(0, pl.Int64),
        tickets_count=pl.lit(0, pl.Int64),
        satisfaction=pl.lit(None, pl.Float64),
        orders_before_count=pl.Series(before.astype(np.int64)),
        spent_before_amount=pl.Series(before * 50.0),
    )
    return AllOutcomes.validate(frame)


def week(number: int) -> datetime:
    return FIRST + timedelta(weeks=number)
