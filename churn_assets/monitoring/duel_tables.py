"""Two models on the same slices as a text table."""

from __future__ import annotations

import polars as pl

from churn_assets.monitoring.definition_tables import TextTable

MEASURES = {"log_loss": ("log-loss", 4), "auc": ("AUC", 3), "ece": ("ECE", 3)}


def duel_table(duels: pl.DataFrame, ours: str, theirs: str) -> TextTable:
    """`duels`: a frame of `slice_duels`; `ours` and `theirs`: names of the two models."""
    headings = [f"{heading} {name}" for heading, _ in MEASURES.values() for name in (ours, theirs)]
    rows = []
    for row in duels.iter_rows(named=True):
        figures = [
            f"{row[f'{measure}_{side}']:.{digits}f}"
            for measure, (_, digits) in MEASURES.items()
            for side in ("ours", "theirs")
        ]
        gain = f"{row['gain']:+.4f} [{row['gain_low']:+.4f}, {row['gain_high']:+.4f}]"
        rows.append((str(row["slice_date"]), f"{row['rows']:,}", *figures, gain))
    return TextTable(
        f"{ours} against {theirs}, on slices that neither had learned from",
        ("slice", "users", *headings, "saved [95 %]"),
        tuple(rows),
        f"Probabilities calibrated on the slice before. Saved: log-loss per user lower with {ours} than with {theirs}; "
        "paired, the same users.",
    )
