"""The table `model_bakeoffs` as the tables that people read, in the terminal and on the page: text only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from churn_assets.contracts.model_bakeoffs import REFERENCES, SEGMENT_NAMES
from churn_assets.monitoring.definition_tables import UNKNOWN, TextTable

LIFTS = ("lift_5", "lift_10", "lift_20")
THRESHOLD_METRICS = ("flagged_share", "precision", "recall", "f1", "accuracy")


def bakeoff_tables(frame: pl.DataFrame) -> list[TextTable]:
    """Ranking, probabilities, profit, leads, slices, segments and cost; of a frame of one snapshot."""
    days = frame["slice_date"].unique().sort().to_list()
    everybody = frame.filter(segment="all")
    newest = everybody.filter(slice_date=days[-1]).sort("auc", "model", descending=[True, False])
    names = newest["model"].to_list()
    segments = [name for name in SEGMENT_NAMES if name in set(frame["segment"])]
    rows, churners = newest.select("rows", "churners").row(0)
    return [
        TextTable(
            f"All users of the newest slice, {days[-1]}",
            ("model", "AUC", "95 %", "AP", "log-loss", "Brier", "ECE", *(name.replace("_", " ") for name in LIFTS)),
            tuple((row["model"], *_ranking(row)) for row in newest.iter_rows(named=True)),
            f"{rows:,} users, of whom {churners / rows:.1%} churned. Intervals: bootstrap over users. AP: average "
            "precision. Log-loss, Brier and ECE of probabilities calibrated on the slice before. Lift: churn rate "
            "among the riskiest 5, 10, 20 % over that of all.",
        ),
        TextTable(
            "Flagged at the threshold that earned most on the slice before, and profit per user",
            ("model", "threshold", "flagged", *THRESHOLD_METRICS[1:], "profit there", "expected max.", "then flagged"),
            tuple((row["model"], *_threshold_metrics(row)) for row in newest.iter_rows(named=True)),
            "Amounts per user of the slice, by the settings of section profit. Expected maximum profit: Verbraken et "
            "al. 2013, at the best threshold for each acceptance of the offer.",
        ),
        TextTable(
            "Lead in AUC over the references, newest slice",
            ("model", *(part for name in REFERENCES for part in (f"over {name}", "95 %"))),
            tuple((row["model"], *_leads(row)) for row in newest.iter_rows(named=True)),
            "Every model is drawn with the same users. An interval without 0: more than chance, on this slice.",
        ),
        TextTable(
            "AUC by slice tested",
            ("model", *map(str, days), "mean"),
            tuple((name, *_aucs_by(everybody, name, "slice_date", days, mean=True)) for name in names),
            f"Each learned from the slices that had matured by it: {_learned(everybody, days)} rows.",
        ),
        TextTable(
            "AUC by segment, newest slice",
            ("model", *segments),
            tuple((n, *_aucs_by(frame.filter(slice_date=days[-1]), n, "segment", segments, mean=False)) for n in names),
            "new: a user for up to 90 days; recent: bought within 28. Segments with 50 users of either outcome.",
        ),
        TextTable(
            "What it takes",
            ("model", "fit seconds", "predict seconds"),
            tuple((r["model"], f"{r['fit_seconds']:.1f}", f"{r['predict_seconds']:.2f}") for r in newest.to_dicts()),
            "On the newest slice; those of the blend are those of its parts.",
        ),
    ]


def _ranking(row: Mapping[str, Any]) -> tuple[str, ...]:
    figures = (*(f"{row[name]:.3f}" for name in ("average_precision", "log_loss", "brier", "ece")),)
    return (f"{row['auc']:.3f}", _interval(row, "auc"), *figures, *(f"{row[name]:.2f}" for name in LIFTS))


def _threshold_metrics(row: Mapping[str, Any]) -> tuple[str, ...]:
    shares = [UNKNOWN if (value := row[name]) is None else f"{value:.1%}" for name in THRESHOLD_METRICS]
    amounts = [f"{row[name]:.2f}" for name in ("threshold_profit_amount", "profit_amount")]
    return (f"{row['threshold']:.3f}", *shares, *amounts, f"{row['profit_share']:.1%}")


def _leads(row: Mapping[str, Any]) -> tuple[str, ...]:
    cells: list[str] = []
    for name in REFERENCES:
        is_itself = row["model"] == name
        cells += (
            [UNKNOWN, UNKNOWN] if is_itself else [f"{row[f'lead_{name}']:+.3f}", _interval(row, f"lead_{name}", "+")]
        )
    return tuple(cells)


def _interval(row: Mapping[str, Any], name: str, sign: str = "") -> str:
    return f"[{row[f'{name}_low']:{sign}.3f}, {row[f'{name}_high']:{sign}.3f}]"


def _aucs_by(frame: pl.DataFrame, model: str, column: str, values: Sequence[object], *, mean: bool) -> tuple[str, ...]:
    aucs = dict(frame.filter(model=model).select(column, "auc").iter_rows())
    cells = tuple(f"{aucs[value]:.3f}" if value in aucs else UNKNOWN for value in values)
    return (*cells, f"{sum(aucs.values()) / len(aucs):.3f}") if mean else cells


def _learned(frame: pl.DataFrame, days: Sequence[object]) -> str:
    return ", ".join(f"{frame.filter(slice_date=day)['training_rows'][0]:,}" for day in days)
