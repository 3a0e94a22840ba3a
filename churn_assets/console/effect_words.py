"""An effect and its interval, in the unit of its metric."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from churn_assets.effects.metrics import METRICS
from churn_assets.report.estimate import Estimate
from churn_assets.report.language import UNKNOWN, Words

NAMES = {
    # In the order in which they are shown.
    "margin_amount": "Margin after coupons and sending",
    "retained": "Users of 100 who bought",
    "spent_amount": "Spend",
    "orders_count": "Orders",
    "clicked": "Users of 100 who clicked",
    "satisfaction": "Satisfaction of who answered, in points of 100",
    "returned_amount": "Returns (less is better)",
    "objected": "Users of 100 who objected (less is better)",
    "asked_support": "Users of 100 who asked support (less is better)",
}
DIGITS = {"share": 1, "count": 3, "amount": 2}


def metric_in_words(name: str) -> str:
    return NAMES.get(name, name.replace("_", " "))


def effect_in_words(t: Words, row: Mapping[str, Any], name: str) -> str:
    """`value [low, high]`; of an interval without a value of its own the two ends. `name`: prefix of the columns."""
    low, high = row[f"{name}_low"], row[f"{name}_high"]
    if low is None or high is None:
        return UNKNOWN
    unit = METRICS[row["metric"]].unit
    scale = 100.0 if unit == "share" else 1.0

    def shown(value: float) -> str:
        return t.number(scale * value, DIGITS[unit])

    interval = t.interval(low, high, shown)
    return f"{shown(row[name])} {interval}" if name in row else interval


def estimate_in_words(t: Words, estimate: Estimate | None) -> str:
    """Money per user with its interval."""
    if estimate is None:
        return UNKNOWN
    return f"{t.small_money(estimate.value)} {t.interval(estimate.low, estimate.high, t.small_money)}"


def points_in_words(t: Words, estimate: Estimate | None) -> str:
    """A share in points of 100 with its interval."""
    if estimate is None:
        return UNKNOWN
    of_100 = estimate.times(100)
    return f"{t.number(of_100.value)} {t.interval(of_100.low, of_100.high, t.number)}"


def return_in_words(t: Words, row: Mapping[str, Any]) -> str:
    """Of effects.return_on_spend."""
    if row["return_ratio"] is None:
        return UNKNOWN
    return f"{t.number(row['return_ratio'])} {t.interval(row['return_low'], row['return_high'], t.number)}"
