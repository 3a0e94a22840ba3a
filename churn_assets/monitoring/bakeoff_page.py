"""The bake-off on one page."""

from __future__ import annotations

from datetime import date
from html import escape
from typing import TYPE_CHECKING

from churn_assets.model.plots import calibration_png, lift_png, precision_recall_png, profit_png, roc_png
from churn_assets.model.profit import break_even
from churn_assets.monitoring.bakeoff_tables import bakeoff_tables
from churn_assets.monitoring.page import page

if TYPE_CHECKING:
    from churn_assets.model.bakeoff import BakeOff
    from churn_assets.settings import Profit


def bakeoff_page(result: BakeOff, *, snapshot: date, window: str, profit: Profit) -> str:
    """HTML; `window` describes the label."""
    return page(
        f"Model bake-off {snapshot}",
        "Models side by side, tested on later users than they learned from",
        f"Training set of {snapshot}; {escape(window)}. Every model learned from the slices that had matured by the "
        "slice it is tested on. Profit: a user kept is worth "
        f"{profit.user_value_amount:g}, an offer costs {profit.offer_cost_amount:g}, a contact "
        f"{profit.contact_cost_amount:g}; churners accept with beta({profit.acceptance_alpha:g}, "
        f"{profit.acceptance_beta:g}): at their mean, writing pays from a probability of {break_even(profit):.1%}.",
        {
            "ROC": roc_png(result.newest),
            "precision and recall": precision_recall_png(result.newest),
            "calibration": calibration_png(result.newest, "after scaling"),
            "gain": lift_png(result.newest),
            "profit": profit_png(result.newest, profit),
        },
        bakeoff_tables(result.table),
    )
