"""Calibration over a simulated year with a Christmas season, snapshot by snapshot, out of the whole pipeline.

`python -m benchmarks.seasons [--users N] [--weeks N] [--without-season]`. Three years of orders; the last 53 weeks are
made in one backfill, so that every snapshot is scored by the model that was champion then. Labels are those of the
mart, matured at the end; the metrics are scikit-learn's and numpy's. Takes about 20 minutes on 2 cores.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from datetime import date, timedelta
from pathlib import Path

import duckdb
import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks.quality import churn, metrics

END, WEEKS, SCORED_WEEKS = date(2026, 11, 16), 156, 53
MOST = 0.03
SCORED = """
select scored.snapshot_date, is_churned, churn_probability
from scoring.scored_users as scored
inner join features.churn_labels as labels using (user_id, snapshot_date)
where definition = 'inactivity' and is_churned is not null and status = 'eligible'
order by scored.snapshot_date, scored.user_id
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=20_000)
    parser.add_argument("--weeks", type=int, default=WEEKS, help="Of orders; 130: the first Christmas is not settled.")
    parser.add_argument("--without-season", action="store_true", help="training.season: false")
    chosen = parser.parse_args()
    if chosen.without_season:
        os.environ["CHURN__TRAINING__SEASON"] = "false"
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        churn(home, "simulate", "--users", str(chosen.users), "--weeks", str(chosen.weeks), "--end", END.isoformat())
        first = END - timedelta(weeks=SCORED_WEEKS - 1)
        churn(home, "backfill", "--from", first.isoformat(), "--to", END.isoformat())
        with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as connection:
            rows = connection.execute(SCORED).fetchall()
    show(rows)


def show(rows: list[tuple[date, bool, float]]) -> None:
    """A row per snapshot, and how many are calibrated within MOST."""
    table = Table("snapshot", "users", "churned", "said", "AUC", "ECE", box=None, pad_edge=False)
    errors = []
    days = np.array([day for day, _, _ in rows])
    y, p = (np.array([row[place] for row in rows]) for place in (1, 2))
    for day in track(sorted(set(days)), description="snapshots", transient=True):
        here = days == day
        found = metrics(y[here].astype(bool), p[here])
        errors.append(found["ece"])
        shares = (f"{values[here].mean():.3f}" for values in (y, p))
        table.add_row(str(day), f"{here.sum():,}", *shares, f"{found['auc']:.3f}", f"{found['ece']:.3f}")
    console = Console()
    console.print(table)
    within = sum(error <= MOST for error in errors)
    console.print(
        f"{within} of {len(errors)} snapshots within {MOST}; mean {np.mean(errors):.4f}, worst {max(errors):.3f}"
    )


if __name__ == "__main__":
    main()
