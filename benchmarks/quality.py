"""What the two quality benchmarks share: a fresh home through the command line, labels after the fact, the metrics.

The metrics are scikit-learn's and a few lines of numpy on purpose: the project's own are not asked about themselves.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path

import duckdb
import numpy as np
import numpy.typing as npt
import polars as pl
from rich.console import Console
from rich.table import Table
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Rivals = Mapping[str, Sequence[float | None]]
METRICS = ("auc", "average_precision", "lift_10", "brier", "ece")
HEADINGS = ("AUC", "av. precision", "lift 10 %", "Brier", "ECE")
DRAWS = 300
BINS = 10
SCORED = """
select user_id, churn_probability from scoring.scored_users where snapshot_date = ? and status = 'eligible'
order by user_id
"""


def churn(home: Path, *arguments: str) -> float:
    """One command of the project's own command line; returns its wall time in seconds."""
    started = time.perf_counter()
    command = [sys.executable, "-m", "churn_assets.command.cli", *arguments, "--home", str(home)]
    subprocess.run(command, check=True, env={**os.environ, "DO_NOT_TRACK": "1"})
    return time.perf_counter() - started


def outcomes(home: Path, snapshot: date, horizon_days: int) -> tuple[Flags, Floats]:
    """Per eligible user (is_churned, churn_probability); labels come from the landing's orders, not from the mart."""
    end = snapshot + timedelta(days=horizon_days)
    orders = pl.scan_parquet(home / "landing" / "orders" / "*.parquet")
    stayers = orders.filter(pl.col("ordered_at") >= snapshot, pl.col("ordered_at") < end).select("user_id").unique()
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as connection:
        scored = connection.execute(SCORED, [snapshot]).fetchall()
    stayed = set(stayers.collect()["user_id"])
    return np.array([user not in stayed for user, _ in scored]), np.array([probability for _, probability in scored])


def metrics(is_churned: Flags, probability: Floats) -> dict[str, float]:
    """Ranking and probabilities of one row per user; lift: churn rate of the riskiest tenth over that of all."""
    tenth = np.argsort(-probability, kind="stable")[: int(np.ceil(len(probability) / 10))]
    return {
        "auc": float(roc_auc_score(is_churned, probability)),
        "average_precision": float(average_precision_score(is_churned, probability)),
        "lift_10": float(is_churned[tenth].mean() / is_churned.mean()),
        "brier": float(brier_score_loss(is_churned, probability)),
        "ece": _ece(is_churned, probability),
    }


def intervals(is_churned: Flags, probability: Floats) -> dict[str, tuple[float, float]]:
    """2.5 to 97.5 % of a bootstrap over users (one row per user here)."""
    random = np.random.default_rng(0)
    draws = [random.integers(0, len(is_churned), len(is_churned)) for _ in range(DRAWS)]
    drawn = [metrics(is_churned[rows], probability[rows]) for rows in draws]
    bounds = {name: np.quantile([each[name] for each in drawn], [0.025, 0.975]) for name in METRICS}
    return {name: (float(low), float(high)) for name, (low, high) in bounds.items()}


def show(
    title: str, home: Path, snapshot: date, horizon_days: int, rivals: Mapping[str, Sequence[float | None]]
) -> None:
    """The table: what the pipeline scored, its intervals, and the numbers to beat."""
    is_churned, probability = outcomes(home, snapshot, horizon_days)
    found, bounds = metrics(is_churned, probability), intervals(is_churned, probability)
    size = f"{len(is_churned):,} users, {is_churned.mean():.1%} churned"
    table = Table("", *HEADINGS, title=f"{title}: {size}", title_justify="left", box=None, pad_edge=False)
    table.add_row("this pipeline", *(f"{found[name]:.3f}" for name in METRICS), style="bold")
    table.add_row("  2.5 % of draws of users", *(f"{low:.3f}" for low, _ in bounds.values()))
    table.add_row("  97.5 %", *(f"{high:.3f}" for _, high in bounds.values()))
    for name, figures in rivals.items():
        table.add_row(name, *("" if figure is None else f"{figure:.3f}" for figure in figures))
    Console().print(table)


def _ece(is_churned: Flags, probability: Floats) -> float:
    """Mean gap between stated and observed share over ten equal-width bins, weighted by users."""
    place = np.minimum((probability * BINS).astype(int), BINS - 1)
    gaps = [abs(float(is_churned[place == b].sum() - probability[place == b].sum())) for b in range(BINS)]
    return sum(gaps) / len(is_churned)
