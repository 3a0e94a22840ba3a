"""Figures as people read them in the UI: plain words with the unit, numbers rounded.

Names in code end in their unit (`_amount`, `_share`, `_days`), and that is what is shown: one rule for all assets and
checks, so that a figure cannot be forgotten.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

DIGITS = 4  # significant ones: more than any of these figures is sure to
OF_ORDERS = "currency of orders"  # where settings name none (report.currency)
DAGSTER = "dagster/"  # names that Dagster itself reads
# Measures of models that have a name of their own; with the unit at the end, as all figures.
METRICS = {
    "auc": "AUC",
    "average_precision": "average precision",
    "lift_10": "lift in the riskiest tenth (times)",
    "brier": "Brier score",
    "log_loss": "log-loss",
    "ece": "calibration_error_share",
    "ece_calibrated": "calibration_error_share",
    "churned_share": "churners_share",
    "urgent_tier_precision": "churners_in_tier_urgent_share",
}


def plain(figures: Mapping[str, Any], currency: str | None = None) -> dict[str, Any]:
    """`expected_cost_amount: 975.2599999` as `expected cost (EUR): 975.3`, `lost_share: 0.4583` as `lost (%): 45.83`.

    `currency`: that of the amounts. What is no number stays as it is, and so do names of Dagster.
    """
    units = {"_amount": currency or OF_ORDERS, "_share": "%", "_days": "days", "_seconds": "s"}
    return dict(_shown(name, value, units) for name, value in figures.items())


def rounded(value: float) -> float:
    """To four significant digits."""
    return float(f"{value:.{DIGITS}g}")


def _shown(name: str, value: Any, units: Mapping[str, str]) -> tuple[str, Any]:
    if name.startswith(DAGSTER):
        return name, value
    ending = next((each for each in units if name.endswith(each)), None)
    words = name.removesuffix(ending or "").replace("_", " ")
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if is_number and ending == "_share":
        value = 100.0 * value
    if isinstance(value, float):
        value = rounded(value)
    return (f"{words} ({units[ending]})" if ending else words), value
