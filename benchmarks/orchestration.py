"""The price of orchestration: `churn run` in a fresh home beside one bare Python process that does the same work.

The bare process (benchmarks/bare.py) runs the SQL that dbt compiles for those very runs on a fresh DuckDB file, then
fits and predicts with churn_assets.model. It has no Dagster, no dbt, no checks, no decisions, no effects, no manifest:
what the pipeline takes longer is what all of that costs.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from datetime import date
from pathlib import Path

import duckdb
from rich.console import Console
from rich.table import Table

from benchmarks.cost import Cost, cost

END = date(2026, 11, 16)
TARGET_SECONDS = 30


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=20_000)
    parser.add_argument("--weeks", type=int, default=78)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        churn = [sys.executable, "-m", "churn_assets.command.cli"]
        simulate = ["simulate", "--users", str(chosen.users), "--weeks", str(chosen.weeks), "--end", END.isoformat()]
        subprocess.run([*churn, *simulate, "--home", str(home)], check=True)
        first = cost([*churn, "run", "--snapshot", END.isoformat(), "--home", str(home)])
        second = cost([*churn, "run", "--snapshot", END.isoformat(), "--home", str(home)])
        plan = _plan(home, Path(folder) / "scratch")
        bare = cost([sys.executable, "-m", "benchmarks.bare", str(plan)])
        _assert_same_scores(home, plan.with_name("scored_users.parquet"))
    _show(f"{chosen.users:,} users, {chosen.weeks} weeks", first, second, bare)


def _plan(home: Path, scratch: Path) -> Path:
    """The plan of the bare process, made in a scratch home over the same landing and the same calendar."""
    scratch.mkdir()
    (scratch / "churn.yaml").write_text(f"landing: {{uri: {home / 'landing'}}}\n")
    os.environ["CHURN_HOME"] = str(scratch)
    from benchmarks.plan import write_plan  # noqa: PLC0415 - reads CHURN_HOME when imported
    from churn_assets.warehouse.history import settle_calendar  # noqa: PLC0415
    from churn_assets.workplace import Workplace  # noqa: PLC0415

    workplace = Workplace(home_path=str(scratch))
    settle_calendar(workplace.home)
    return write_plan(workplace, END, scratch)


def _assert_same_scores(home: Path, bare: Path) -> None:
    """Otherwise the two did not do the same work."""
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as connection:
        sql = "select user_id, status, churn_probability from {} order by user_id"
        ours = connection.execute(sql.format("scoring.scored_users")).fetchall()
        theirs = connection.execute(sql.format(f"read_parquet('{bare}')")).fetchall()
    if ours != theirs:
        raise ValueError(f"{bare}: the bare process scores other users or probabilities than churn run in {home}")


def _show(shop: str, first: Cost, second: Cost, bare: Cost) -> None:
    table = Table("", "seconds", "peak memory, MB", title=f"Price of orchestration: {shop}", title_justify="left")
    rows = {"churn run, fresh home": first, "churn run, the same snapshot again": second, "bare process": bare}
    for name, paid in rows.items():
        table.add_row(name, f"{paid.seconds:.1f}", f"{paid.bytes / 1e6:,.0f}")
    table.add_row(
        f"price (target {TARGET_SECONDS} s at most)",
        f"{first.seconds - bare.seconds:.1f}",
        f"{(first.bytes - bare.bytes) / 1e6:,.0f}",
        style="bold",
    )
    Console().print(table)


if __name__ == "__main__":
    main()
