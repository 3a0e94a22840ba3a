"""How good rankings by predicted effect are, as a picture: PNG bytes, from the table `uplift_curves`."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import polars as pl
from matplotlib.figure import Figure

METRIC = "margin_amount"


def uplift_png(curves: pl.DataFrame) -> bytes:
    """Per treatment, for the margin: gain by share of users treated, gain by cost, and effect by prediction."""
    rows = curves.filter(pl.col("metric") == METRIC)
    figure = Figure(figsize=(12, 4), dpi=100, layout="constrained")
    gain, cost, calibration = figure.subplots(1, 3)
    shares = np.linspace(0, 1, 11)
    for users in rows.sort("treatment", "tenth", descending=[False, True]).partition_by(
        "treatment", maintain_order=True
    ):
        name = users.item(0, "treatment")
        gains = np.concatenate([[0.0], users["gain"].to_numpy()])
        (line,) = gain.plot(shares, gains, label=f"{name} (Qini {users.item(0, 'qini'):+.3f})")
        ends = [np.concatenate([[0.0], users[f"gain_{end}"].to_numpy()]) for end in ("low", "high")]
        gain.fill_between(shares, *ends, alpha=0.15, color=line.get_color())
        gain.plot([0, 1], [0, gains[-1]], linestyle=":", color=line.get_color())
        costs = np.concatenate([[0.0], users["cost"].to_numpy()])
        area = users.item(0, "aucc")
        cost.plot(costs, gains + costs, label=name if area is None else f"{name} (AUCC {area:.2f})")
        reach = [users["effect"] - users["effect_low"], users["effect_high"] - users["effect"]]
        calibration.errorbar(
            users["predicted_effect"], users["effect"], yerr=np.clip(np.array(reach), 0, None), fmt="o", markersize=3,
            color=line.get_color(),
        )  # fmt: skip
    gain.set(title="Margin per user by share treated", xlabel="share of users, highest prediction first")
    cost.set(title="Margin before costs, by cost", xlabel="cost per user")
    calibration.set(title="Effect by prediction, tenths", xlabel="predicted effect", ylabel="measured effect")
    calibration.axline((0, 0), slope=1, color="grey", linestyle=":")
    for axes in (gain, cost, calibration):
        axes.grid(visible=True, alpha=0.3)
    for axes in (gain, cost):
        if axes.get_legend_handles_labels()[0]:
            axes.legend(loc="best", fontsize=7)
    buffer = BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()
