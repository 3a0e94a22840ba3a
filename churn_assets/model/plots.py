"""Models on one slice as pictures: PNG bytes. No metric is computed for a table here.

Every function takes a frame like `TrainedModel.out_of_time`: one row per user of the newest slice with user_id,
is_churned and one probability column per model.
"""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from churn_assets.model.profit import profit_curve

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt
    import polars as pl
    from matplotlib.axes import Axes

    from churn_assets.model.matrix import Floats
    from churn_assets.settings import Profit

BINS = 10


def roc_png(out_of_time: pl.DataFrame) -> bytes:
    """True against false positive share for every threshold."""
    figure, axes = _canvas("ROC, newest matured slice", "share of stayers flagged", "share of churners flagged")
    for name, y, _ in _models(out_of_time):
        axes.plot(np.cumsum(~y) / (~y).sum(), np.cumsum(y) / y.sum(), label=name)
    axes.plot([0, 1], [0, 1], color="grey", linestyle=":", label="chance")
    return _png(figure, axes)


def precision_recall_png(out_of_time: pl.DataFrame) -> bytes:
    """Share of churners among the flagged against the share of churners flagged, for every threshold."""
    figure, axes = _canvas("Precision and recall, newest matured slice", "recall", "precision")
    for name, y, _ in _models(out_of_time):
        churners_flagged = np.cumsum(y)
        axes.plot(churners_flagged / y.sum(), churners_flagged / np.arange(1, y.size + 1), label=name)
    axes.axhline(out_of_time["is_churned"].to_numpy().mean(), color="grey", linestyle=":", label="chance")
    return _png(figure, axes)


def profit_png(out_of_time: pl.DataFrame, profit: Profit) -> bytes:
    """Amount earned per user against the share of users flagged, at the mean acceptance."""
    figure, axes = _canvas("Profit, newest matured slice", "share of users flagged, riskiest first", "amount per user")
    for name, y, p in _models(out_of_time):
        axes.plot(*profit_curve(y, p, profit), label=name)
    axes.axhline(0, color="grey", linestyle=":", label="nobody flagged")
    axes.autoscale(axis="y")
    return _png(figure, axes)


def calibration_png(out_of_time: pl.DataFrame, when: str = "before scaling") -> bytes:
    """Churn rate against mean probability in ten equal-width bins, and below it how many users each bin holds."""
    figure, axes, below = _canvas_with_counts(f"Calibration {when}, newest matured slice", "observed churn share")
    for name, y, p in _models(out_of_time):
        index = np.minimum((p * BINS).astype(int), BINS - 1)
        counts = np.bincount(index, minlength=BINS)
        used = counts > 0
        predicted = np.bincount(index, weights=p, minlength=BINS)[used] / counts[used]
        observed = np.bincount(index, weights=y.astype(float), minlength=BINS)[used] / counts[used]
        axes.plot(predicted, observed, marker="o", markersize=3, label=name)
        below.stairs(counts, np.linspace(0, 1, BINS + 1))
    axes.plot([0, 1], [0, 1], color="grey", linestyle=":", label="perfect")
    return _png(figure, axes)


def lift_png(out_of_time: pl.DataFrame) -> bytes:
    """Share of all churners found among the riskiest x % of users (cumulative gain)."""
    figure, axes = _canvas("Gain, newest matured slice", "share of users, riskiest first", "share of churners found")
    for name, y, _ in _models(out_of_time):
        axes.plot(np.arange(1, y.size + 1) / y.size, np.cumsum(y) / y.sum(), label=name)
    axes.plot([0, 1], [0, 1], color="grey", linestyle=":", label="chance")
    return _png(figure, axes)


def _models(out_of_time: pl.DataFrame) -> Iterator[tuple[str, npt.NDArray[np.bool_], Floats]]:
    """(model, is_churned, probability), riskiest first, ties by user_id. Raises ValueError on an empty frame."""
    if out_of_time.is_empty():
        raise ValueError(
            "out_of_time is empty: without an out-of-time test there is nothing to draw (see the data gate)."
        )
    for name in out_of_time.columns[2:]:
        rows = out_of_time.sort(name, "user_id", descending=[True, False])
        yield name, rows["is_churned"].to_numpy(), rows[name].to_numpy()


def _canvas(title: str, x_label: str, y_label: str) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(5, 4), dpi=100, layout="constrained")
    axes = figure.subplots()
    axes.set(title=title, xlabel=x_label, ylabel=y_label, xlim=(0, 1), ylim=(0, 1.02))
    axes.grid(visible=True, alpha=0.3)
    return figure, axes


def _canvas_with_counts(title: str, y_label: str) -> tuple[Figure, Axes, Axes]:
    figure = Figure(figsize=(5, 5), dpi=100, layout="constrained")
    axes, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    axes.set(title=title, ylabel=y_label, xlim=(0, 1), ylim=(0, 1.02))
    below.set(xlabel="predicted probability", ylabel="users")
    axes.grid(visible=True, alpha=0.3)
    return figure, axes, below


def _png(figure: Figure, axes: Axes) -> bytes:
    axes.legend(loc="lower right", fontsize=8)
    buffer = BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()
