"""Orders of shops that the simulated one is not: users who all come at once, and a shop that shuts."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import numpy as np
import polars as pl

# Of the years 2023 to 2026. The shop shuts for eight days from the eve on.
CHINESE_NEW_YEAR = (date(2023, 1, 22), date(2024, 2, 10), date(2025, 1, 29), date(2026, 2, 17))
# Of August 2023, and of the first New Year with enough history before it.
FIRST_YEAR_CLOSURES = frozenset(date(2023, 8, day) for day in range(1, 16)) | frozenset(
    date(2024, 2, day) for day in range(9, 17)
)


def like_cdnow(users: int = 23_570, seed: int = 1) -> pl.DataFrame:
    """Every user's first order falls into twelve weeks; then they come by their own rates, and leave for good (BG/NBD
    with the parameters of CDNOW's sample), for 78 weeks.
    """
    rng = np.random.default_rng(seed)
    joins = rng.uniform(0, 12, users)
    rate = rng.gamma(0.243, 1 / 4.414, users)  # orders per week
    leaves = rng.beta(0.793, 2.426, users)  # after each order
    who, when = [np.arange(users)], [joins]
    alive, at = rng.random(users) >= leaves, joins
    while alive.any():
        at = at + rng.exponential(1, users) / np.maximum(rate, 1e-12)
        alive &= at < 78
        who.append(np.flatnonzero(alive))
        when.append(at[alive])
        alive &= rng.random(users) >= leaves
    return _orders(np.concatenate(who), np.concatenate(when), date(1997, 1, 1))


def with_holidays(per_day: int = 120, seed: int = 2) -> pl.DataFrame:
    """Four years: shut on Sundays, over Chinese New Year and in the first half of August; a third above before
    Christmas; a quarter more each year.
    """
    rng = np.random.default_rng(seed)
    start, days = date(2023, 1, 2), 4 * 364
    calendar = [start + timedelta(days=day) for day in range(days)]
    shut = {eve + timedelta(days=day) for eve in CHINESE_NEW_YEAR for day in range(-1, 7)}
    expected = np.array([
        0.0
        if day.weekday() == 6 or day in shut or (day.month == 8 and day.day <= 15)
        else per_day * 1.25 ** (number / 365) * (1.33 if day.month == 12 and day.day < 24 else 1.0)
        for number, day in enumerate(calendar)
    ])  # fmt: skip
    orders = rng.poisson(expected * rng.gamma(50, 1 / 50, days))  # a good day and a bad one differ by a seventh
    when = np.repeat(np.arange(days), orders) + rng.random(orders.sum())
    return _orders(rng.integers(0, 4_000, orders.sum()), when / 7, start)


def _orders(users: np.ndarray, weeks: np.ndarray, start: date) -> pl.DataFrame:
    moment = np.datetime64(datetime.combine(start, datetime.min.time()), "us")
    return pl.DataFrame(
        {
            "order_id": [f"o{number}" for number in range(len(users))],
            "user_id": [f"u{user}" for user in users],
            "ordered_at": moment + (weeks * 7 * 86_400_000_000).astype("timedelta64[us]"),
            "amount": np.full(len(users), 20.0),
        }
    )
