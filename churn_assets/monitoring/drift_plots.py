"""The table `feature_drift` of one snapshot as a picture: PNG bytes."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

from matplotlib.figure import Figure

if TYPE_CHECKING:
    import polars as pl

SHOWN = 15
COLOURS = {"none": "tab:grey", "warn": "tab:orange", "alarm": "tab:red"}


def drift_png(frame: pl.DataFrame, *, warn: float, alarm: float) -> bytes:
    """The features that drifted most, a bar each, with the critical value (|) and the limits of both levels.

    Raises ValueError on an empty frame.
    """
    if frame.is_empty():
        raise ValueError("feature_drift is empty: without a feature there is nothing to draw.")
    worst = frame.sort("psi", "feature", descending=[True, False]).head(SHOWN).reverse()
    figure = Figure(figsize=(6, 4.5), dpi=100)
    # Set by hand: a layout that measures its texts takes longer than all the rest of the table.
    figure.subplots_adjust(left=0.42, right=0.97, top=0.92, bottom=0.12)
    axes = figure.subplots()
    names = worst["feature"].to_list()
    axes.barh(names, worst["psi"].to_numpy(), color=[COLOURS[level] for level in worst["level"]])
    axes.scatter(worst["psi_critical"].to_numpy(), names, marker="|", color="black", label="chance", zorder=3)
    for limit, level in ((warn, "warn"), (alarm, "alarm")):
        axes.axvline(limit, color=COLOURS[level], linestyle=":", label=level)
    axes.set(title="Drift, largest first", xlabel="population stability index")
    axes.tick_params(axis="y", labelsize=7)
    axes.legend(loc="lower right", fontsize=8)
    buffer = BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()
