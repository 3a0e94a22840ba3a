"""Measured effects as a picture: PNG bytes, from the table `arm_effects`."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from churn_assets.contracts.arm_effects import ALL

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SHOWN = {"retained": "users more who bought again", "margin_amount": "margin more per user (currency of orders)"}
COLOURS = {"better": "tab:green", "worse": "tab:red"}


def effects_png(effects: pl.DataFrame) -> bytes | None:
    """Per treatment over all weeks: what it changed, with its 95 % interval. None where no effect is known."""
    main = effects.filter(pl.col("dimension") == ALL, pl.col("metric").is_in(list(SHOWN)))
    rows = main.filter(pl.col("effect_low").is_not_null())
    treatments = rows["treatment"].unique().sort().to_list()
    if not treatments:
        return None
    figure = Figure(figsize=(9, 1.5 + 0.35 * len(treatments)), dpi=100, layout="constrained")
    for axes, (metric, label) in zip(figure.subplots(1, 2, sharey=True), SHOWN.items(), strict=True):
        _intervals(axes, rows.filter(metric=metric), treatments)
        axes.set(xlabel=label)
    left = figure.axes[0]
    left.xaxis.set_major_formatter(PercentFormatter(1.0))
    left.set_yticks(np.arange(len(treatments)), treatments)
    left.set_ylim(len(treatments) - 0.5, -0.5)
    figure.suptitle("Effects against users left alone, 95 % intervals; coloured: proven", fontsize=11)
    buffer = BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()


def _intervals(axes: Axes, rows: pl.DataFrame, treatments: list[str]) -> None:
    columns = rows.select("treatment", "effect", "effect_low", "effect_high", "verdict")
    for treatment, effect, low, high, verdict in columns.iter_rows():
        place, colour = treatments.index(treatment), COLOURS.get(verdict, "tab:gray")
        axes.plot([low, high], [place, place], color=colour, linewidth=2)
        axes.plot([effect], [place], marker="o", color=colour)
    axes.axvline(0, color="black", linewidth=0.8)
    axes.grid(visible=True, axis="x", alpha=0.3)
