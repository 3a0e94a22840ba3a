"""The reasons of a snapshot as a picture: PNG bytes, from the table `reason_summaries`."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from matplotlib.figure import Figure

from churn_assets.contracts.feature import REASON_GROUPS
from churn_assets.contracts.user_reasons import KINDS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

HEIGHT = 0.4


def reasons_png(summaries: pl.DataFrame) -> bytes:
    """Per reason group and kind: the share of eligible users with it among their first three, and the log-odds it adds
    per eligible user. A reason may be common with little weight.
    """
    figure = Figure(figsize=(9, 4), dpi=100, layout="constrained")
    common, heavy = figure.subplots(1, 2, sharey=True)
    every = summaries.filter(dimension="all")
    _bars(common, every, pl.col("share"))
    _bars(heavy, every, pl.col("contribution") / pl.col("segment_users"))
    common.set(title="How common", xlabel="share of eligible users with it among their three", xlim=(0, 1))
    heavy.set(title="How heavy", xlabel="log-odds it adds per eligible user")
    common.set_yticks(np.arange(len(REASON_GROUPS)), REASON_GROUPS)
    common.invert_yaxis()
    common.legend(loc="best", fontsize=8)
    buffer = BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()


def _bars(axes: Axes, rows: pl.DataFrame, length: pl.Expr) -> None:
    rows_of_group = rows.select("kind", "reason_group", length.alias("length")).iter_rows()
    lengths = {(kind, group): value for kind, group, value in rows_of_group}
    for shift, kind in enumerate(KINDS):
        places = np.arange(len(REASON_GROUPS)) + (shift - 0.5) * HEIGHT
        axes.barh(places, [lengths.get((kind, group), 0.0) for group in REASON_GROUPS], height=HEIGHT, label=kind)
    axes.grid(visible=True, axis="x", alpha=0.3)
