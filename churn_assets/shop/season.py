"""When things happen: the shape of a week and of a year. The shop lives at UTC+8; all times are UTC."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np

from churn_assets.shop.arrays import HOUR, Floats, Ints

SLOTS = 8192  # resolution of the weekly profile
LOCAL_HOURS = 8  # UTC+8: 13:00 UTC is the evening peak
# Relative traffic by local hour: dead at night, a bump at lunch, the peak at 20-22.
BY_HOUR = np.array([3, 2, 1, 1, 1, 1, 2, 4, 6, 8, 9, 10, 12, 11, 9, 8, 8, 9, 11, 14, 18, 19, 14, 7], dtype=np.float64)
WEEKEND = 1.25


def weekly_profile(first_day: date) -> Ints:
    """Hour of the week for SLOTS equally likely slots, week starting on `first_day` 00:00 UTC."""
    local = np.arange(168) + LOCAL_HOURS
    weekday = (first_day.weekday() + local // 24) % 7
    weights = BY_HOUR[local % 24] * np.where(weekday >= 5, WEEKEND, 1.0)
    middles = (np.arange(SLOTS) + 0.5) / SLOTS
    return np.searchsorted(np.cumsum(weights) / weights.sum(), middles).astype(np.int64)


def moments(rng: np.random.Generator, profile: Ints, week_start: int, size: int) -> Ints:
    """`size` times within the week, in the shape of the profile."""
    return week_start + profile[rng.integers(0, SLOTS, size)] * HOUR + rng.integers(0, HOUR, size)


def yearly(first_day: date, weeks: int) -> Floats:
    """Factor on purchases for each of `weeks` weeks from `first_day`: Christmas peak, January and summer dip."""
    days = [first_day + timedelta(weeks=week, days=3) for week in range(weeks)]
    day_of_year = np.array([day.timetuple().tm_yday for day in days])
    peak = 0.45 * np.exp(-0.5 * ((day_of_year - 343) / 13) ** 2)
    january = 0.20 * np.exp(-0.5 * ((day_of_year - 18) / 12) ** 2)
    summer = 0.18 * np.exp(-0.5 * ((day_of_year - 212) / 25) ** 2)
    return 1 + peak - january - summer
