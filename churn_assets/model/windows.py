"""Windows that reach back before a shop's data are unknown: what they hold are not the days they name.

In a shop of 100 days "orders in 182 days" are those of 100, and "the quarter against the half-year" is 2 for everybody;
a model that learns from such slices learns what no later one shows. On CDNOW, whose data begin 79 days before its first
slice, this took the AUC of the trees from .8055 to .8076 and the calibration error of a linear model from .016 to .005.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from churn_assets.contracts.feature import Feature

WINDOW = re.compile(r"_(?:(trend|acceleration)_)?(\d+)d$")
# How many windows beyond its own a measure looks at: a trend holds a rate against that of the next longer window.
LONGER = {None: 0, "trend": 1, "acceleration": 2}
BY_EVENTS = ("browsing", "social")  # families made of events, which a shop may record later than its orders


def with_whole_windows(
    frame: pl.DataFrame, features: Sequence[Feature], *, windows_days: Sequence[int], starts: Mapping[str, date | None]
) -> pl.DataFrame:
    """`frame` (snapshot_date and features) with those null whose days begin before the data do at that snapshot.

    `starts`: first day of `orders` and of `events`, None where there are none: then nothing is changed.
    """
    # Trends are a family of their own: that of visits goes by the plain windows of visits.
    of_events = {_measure(feature.name) for feature in features if feature.family in BY_EVENTS}
    masks = []
    for feature in features:
        days = days_needed(feature.name, windows_days)
        start = starts["events" if _measure(feature.name) in of_events else "orders"]
        if days and start:
            is_whole = pl.col("snapshot_date") >= pl.lit(start) + pl.duration(days=days)
            masks.append(pl.when(is_whole).then(pl.col(feature.name)).alias(feature.name))
    return frame.with_columns(masks)


def days_needed(name: str, windows_days: Sequence[int]) -> int | None:
    """How many days before a snapshot the feature looks at; None for one without a window."""
    window = WINDOW.search(name)
    if not window or int(window[2]) not in windows_days:
        return None
    place = list(windows_days).index(int(window[2])) + LONGER[window[1]]
    return windows_days[min(place, len(windows_days) - 1)]


def _measure(name: str) -> str:
    """What a feature is of, without its window: views, of views_28d and of views_trend_28d."""
    return WINDOW.sub("", name)
