"""The reasons of a snapshot as a picture: PNG bytes, from the table `reason_summaries`."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from churn_assets.contracts.feature import REASON_GROUPS
from churn_assets.contracts.user_reasons import KINDS

if TYPE_CHECKING:
    import polars as pl

HEIGHT = 0.4


def reasons_png(summaries: pl.DataFrame) -> bytes:
    """Share of all eligible users with each reason group among their first three, one bar per kind."""
    figure = Figure(figsize=(6, 4), dpi=100, layout="constrained")
    axes = figure.subplots()
    rows = summaries.filter(dimension="all").select("kind", "reason_group", "share").iter_rows()
    shares = {(kind, group): share for kind, group, share in rows}
    places = np.arange(len(REASON_GROUPS))
    for shift, kind in enumerate(KINDS):
        lengths = [shares.get((kind, group), 0.0) for group in REASON_GROUPS]
        axes.barh(places + (shift - 0.5) * HEIGHT, lengths, height=HEIGHT, label=kind)
    axes.set(title="Reasons of eligible users", xlabel="share with it among the first three of its kind", xlim=(0, 1))
    axes.set_yticks(places, REASON_GROUPS)
    axes.invert_yaxis()
    axes.grid(visible=True, axis="x", alpha=0.3)
    axes.legend(loc="best", fontsize=8)
    buffer = BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()
