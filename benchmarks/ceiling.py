"""How far a model of 50,000 users is from the learnable ceiling: the same features and learner on very many users.

`python -m benchmarks.ceiling [--users N]`. One simulated shop of N users, its mart made for eight past snapshots and
the one tested. Every 20th user is only tested on; models learn from the eight matured snapshots of more and more of the
others. The oracle knows each user's hidden state and the true chance of leaving, and cannot be reached. Intervals: 300
bootstrap draws of users.
"""

from __future__ import annotations

import argparse
import tempfile
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from rich.console import Console
from rich.table import Table

from benchmarks.features import mart
from benchmarks.quality import Flags, Floats, churn, intervals, metrics

if TYPE_CHECKING:
    from churn_assets.workplace import Workplace

SNAPSHOT, HORIZON_DAYS = (
    date(2026, 6, 1),
    28,
)  # a Monday, where the truth knows the chance of leaving, and a month's first
WEEKS, SLICES = 60, 8
TESTED = 20  # every so-many-th user
LEARNERS = (12_500, 25_000, 50_000, 100_000, 200_000, 400_000)
USERS = "hash(user_id)"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=1_000_000)
    users = parser.parse_args().users
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        end = SNAPSHOT + timedelta(days=HORIZON_DAYS)
        churn(home, "simulate", "--users", str(users), "--weeks", str(WEEKS), "--end", end.isoformat())
        days = [date(2025 + (month > 12), (month - 1) % 12 + 1, 1) for month in range(18 - SLICES, 18)]
        paid = mart(home, home / "landing", [*days, SNAPSHOT, date(2026, 7, 1)], cadence="monthly", start=days[0])
        console = Console()
        console.print(f"mart of {users:,} users at {len(days) + 1} snapshots: {paid.seconds:,.0f} s")
        console.print(_curve(home, days, users))


def _curve(home: Path, days: list[date], users: int) -> Table:
    from churn_assets.contracts.training_set import LABEL_COLUMNS  # noqa: PLC0415 - after mart has set CHURN_HOME
    from churn_assets.model.boosting import fit_boosting  # noqa: PLC0415
    from churn_assets.model.matrix import usable_columns  # noqa: PLC0415
    from churn_assets.warehouse.features import describe  # noqa: PLC0415
    from churn_assets.workplace import Workplace  # noqa: PLC0415

    workplace = Workplace(home_path=str(home))
    settings = workplace.settings.training
    test = _rows(workplace, [SNAPSHOT], 0, 1)
    truth = pl.read_parquet(home / "truth" / "leaving" / f"week={SNAPSHOT}.parquet")
    oracle = test.join(truth.select("user_id", "churn_probability"), on="user_id", how="left")["churn_probability"]
    y = test["is_churned"].to_numpy()
    table = Table("learned from", "rows", "AUC", "2.5 %", "97.5 %", box=None, pad_edge=False)
    table.title = f"tested on {test.height:,} eligible users of {SNAPSHOT}, {y.mean():.1%} churned"
    for learners in [*(count for count in LEARNERS if count < users * (TESTED - 1) / TESTED), users]:
        share = min(1.0, learners / (users * (TESTED - 1) / TESTED))
        training = _rows(workplace, days, 1, share).sort("snapshot_date", "user_id")
        names = [name for name in training.columns if name not in LABEL_COLUMNS]
        columns, _ = usable_columns(training, describe(names), admit_protected=False, max_missing_share=0.98)
        found = fit_boosting(training, columns, settings).log_odds(test)
        _add(table, f"{min(learners, round(users * (TESTED - 1) / TESTED)):,} users", f"{training.height:,}", y, found)
    _add(table, "oracle", "", y, oracle.to_numpy())
    return table


def _rows(workplace: Workplace, days: list[date], side: int, share: float) -> pl.DataFrame:
    """Eligible users and their labels; side 0 the users tested on, side 1 a share of the others."""
    inside = (
        f"{USERS} % {TESTED} = 0" if side == 0 else f"{USERS} % {TESTED} > 0 and {USERS} // {TESTED} % 10000 < $most"
    )
    sql = f"""
        select features.user_id, features.snapshot_date, labels.matures_at, labels.is_churned,
          cast(columns(features.* exclude (user_id, snapshot_date)) as float)
        from features.user_features as features
        inner join features.churn_labels as labels using (user_id, snapshot_date)
        where is_eligible and definition = 'inactivity' and is_churned is not null
          and list_contains($days, snapshot_date) and {inside.replace("user_id", "features.user_id")}
        order by features.snapshot_date, features.user_id"""
    return workplace.warehouse.query(sql, {"days": days} | ({"most": round(share * 10_000)} if side else {}))


def _add(table: Table, name: str, rows: str, y: Flags, score: Floats) -> None:
    p = 1 / (1 + np.exp(-score)) if score.min() < 0 else score
    low, high = intervals(y, p)["auc"]
    table.add_row(name, rows, f"{metrics(y, p)['auc']:.4f}", f"{low:.4f}", f"{high:.4f}")


if __name__ == "__main__":
    main()
