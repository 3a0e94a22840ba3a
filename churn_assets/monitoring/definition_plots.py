"""The churn definitions as pictures: PNG bytes, from the table `churn_definitions` of one snapshot."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from matplotlib.figure import Figure

from churn_assets.contracts.churn_definitions import BACK_DAYS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

READABLE_ON_DARK = 0.5


def base_rate_png(frame: pl.DataFrame) -> bytes:
    """Share of eligible users who churned, per labelled snapshot."""
    figure, axes = _canvas("Base rate over time", "share of eligible users who churned")
    rates = frame.filter(measure="base_rate").sort("slice_date")
    for definition, rows in rates.partition_by("definition", as_dict=True).items():
        axes.plot(
            rows["slice_date"].to_numpy(), rows["value"].to_numpy(), marker="o", markersize=3, label=definition[0]
        )
    axes.tick_params(axis="x", rotation=30)
    return _png(figure, axes)


def returns_png(frame: pl.DataFrame) -> bytes:
    """Share of churners who bought again, by days after the end of the window."""
    figure, axes = _canvas("Churners who came back", "share with a purchase")
    for definition in frame["definition"].unique().sort():
        values = [_value(frame, definition, f"back_within_{days}d_share") for days in BACK_DAYS]
        axes.plot(BACK_DAYS, [np.nan if v is None else v for v in values], marker="o", markersize=4, label=definition)
    axes.set(xlabel="days after the window", xticks=BACK_DAYS)
    return _png(figure, axes)


def agreement_png(frame: pl.DataFrame) -> bytes:
    """Cohen's kappa of each pair of definitions."""
    names = frame["definition"].unique().sort().to_list()
    figure = Figure(figsize=(5, 4), dpi=100, layout="constrained")
    axes = figure.subplots()
    pairs = frame.filter(measure="kappa").select("definition", "compared_with", "value").iter_rows()
    kappa = {(one, other): value for one, other, value in pairs}
    cells = np.array([[1.0 if a == b else kappa.get((a, b)) for b in names] for a in names], dtype=np.float64)
    axes.imshow(cells.reshape(len(names), len(names)), vmin=0, vmax=1, cmap="Blues")
    for (row, column), value in np.ndenumerate(cells):
        text = "-" if np.isnan(value) else f"{value:.2f}"
        axes.text(column, row, text, ha="center", va="center", color="white" if value > READABLE_ON_DARK else "black")
    ticks = range(len(names))
    axes.set(title="Agreement beyond chance (Cohen's kappa)", xticks=ticks, yticks=ticks)
    axes.set_xticklabels(names, rotation=20)
    axes.set_yticklabels(names)
    return _bytes(figure)


def _value(frame: pl.DataFrame, definition: str, measure: str) -> float | None:
    values = frame.filter(definition=definition, measure=measure)["value"]
    return None if values.is_empty() else values[0]


def _canvas(title: str, y_label: str) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(5, 4), dpi=100, layout="constrained")
    axes = figure.subplots()
    axes.set(title=title, ylabel=y_label, ylim=(0, 1))
    axes.grid(visible=True, alpha=0.3)
    return figure, axes


def _png(figure: Figure, axes: Axes) -> bytes:
    if axes.lines:
        axes.legend(loc="best", fontsize=8)
    return _bytes(figure)


def _bytes(figure: Figure) -> bytes:
    buffer = BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()
