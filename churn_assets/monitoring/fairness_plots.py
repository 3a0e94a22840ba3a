"""Groups side by side as a picture: PNG bytes."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

from matplotlib.figure import Figure

from churn_assets.contracts.group_fairness import MEASURES

if TYPE_CHECKING:
    import polars as pl

WIDTH, ROW, HEAD = 3.0, 0.24, 1.0  # inches


def fairness_png(frame: pl.DataFrame) -> bytes:
    """A panel per measure, a line per attribute and group: value with its interval; unequal ones are red."""
    measures = [name for name in MEASURES if name in set(frame["measure"])]
    groups = frame.select("attribute", "group").unique().sort("attribute", "group", descending=True).rows()
    figure = Figure(figsize=(2.2 + WIDTH * len(measures), HEAD + ROW * len(groups)), layout="constrained")
    panels = figure.subplots(1, len(measures), sharey=True, squeeze=False)[0]
    for panel, measure in zip(panels, measures, strict=True):
        newest = frame.filter(measure=measure)
        for row in newest.filter(snapshot_date=newest["snapshot_date"].max()).iter_rows(named=True):
            place = groups.index((row["attribute"], row["group"]))
            colour = "tab:red" if row["is_unequal"] else "tab:blue"
            panel.plot([row["value_low"], row["value_high"]], [place, place], color=colour)
            panel.plot(row["value"], place, "o", color=colour, markersize=4)
        panel.set_title(measure, fontsize=9)
        panel.set_yticks(range(len(groups)), [f"{attribute} {group}" for attribute, group in groups], fontsize=8)
        panel.grid(axis="x", alpha=0.3)
    file = BytesIO()
    figure.savefig(file, format="png", dpi=80, metadata={"Software": None})
    return file.getvalue()
