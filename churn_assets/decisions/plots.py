"""A plan as a picture: PNG bytes, from the decision ledger."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from matplotlib.figure import Figure

from churn_assets.contracts.decision_ledger import NO_ARM

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plan_png(ledger: pl.DataFrame) -> bytes:
    """Users by arm, cost and expected gain by arm, and why the others are left alone."""
    acted, alone = ledger.filter(pl.col("arm") != NO_ARM), ledger.filter(pl.col("arm") == NO_ARM)
    arms = acted.group_by("arm", maintain_order=True).agg(
        pl.len(), pl.col("expected_cost_amount", "expected_gain_amount").sum()
    ).sort("arm")  # fmt: skip
    why = alone.group_by(pl.col("binding_constraint").fill_null("no arm pays"), maintain_order=True).len().sort("len")
    figure = Figure(figsize=(12, 3.5), dpi=100, layout="constrained")
    users, money, reasons = figure.subplots(1, 3)
    _bars(users, arms["arm"].to_list(), arms["len"].to_list())
    users.set(title="Users acted on", xlabel="users")
    places = np.arange(arms.height)
    money.barh(places - 0.2, arms["expected_cost_amount"].to_list(), height=0.4, label="cost")
    money.barh(places + 0.2, arms["expected_gain_amount"].to_list(), height=0.4, label="expected gain")
    money.set_yticks(places, arms["arm"].str.replace_all("_", " ").to_list())
    money.set(title="Money", xlabel="currency of orders")
    money.legend(loc="best", fontsize=8)
    _bars(reasons, why["binding_constraint"].to_list(), why["len"].to_list())
    reasons.set(title="Users left alone, by reason", xlabel="users")
    buffer = BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()


def _bars(axes: Axes, names: list[str], lengths: list[int]) -> None:
    axes.barh(np.arange(len(names)), lengths)
    axes.set_yticks(np.arange(len(names)), [name.replace("_", " ") for name in names])
    axes.grid(visible=True, axis="x", alpha=0.3)
