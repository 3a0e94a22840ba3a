"""The price of orchestration: `churn run` beside one bare Python process that makes the same scores and plan.

Twice: the first run of a home, and the run of the week after, when one week of raw data has been added. The bare
process (benchmarks/bare.py) has no Dagster, no dbt, no checks, no contracts: what a run takes longer is their cost.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import duckdb
from rich.console import Console
from rich.table import Table

from benchmarks.cost import Cost, cost

END = date(2026, 11, 16)
WEEK = timedelta(days=7)


@dataclass(frozen=True)
class Price:
    """Of one run: as `churn run`, and bare."""

    run: Cost
    bare: Cost


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=20_000)
    parser.add_argument("--weeks", type=int, default=78)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        churn("simulate", "--users", str(chosen.users), "--weeks", str(chosen.weeks), "--end", str(END), home=home)
        last_week = taken_out(home, Path(folder) / "last_week")
        prices = {"first run": price(home, END - WEEK, Path(folder))}
        for held, file in last_week:
            shutil.copy2(held, file)
        prices["the week after"] = price(home, END, Path(folder))
    _show(f"{chosen.users:,} users, {chosen.weeks} weeks", prices)


def churn(*arguments: str, home: Path) -> None:
    subprocess.run(command(*arguments, home=home), check=True)


def command(*arguments: str, home: Path, by: tuple[str, ...] = ("churn_assets.command.cli",)) -> list[str]:
    return [sys.executable, "-m", *by, *arguments, "--home", str(home)]


def taken_out(home: Path, folder: Path) -> list[tuple[Path, Path]]:
    """Move what the shop delivered in its last week out of the landing: where it is now, and where it was."""
    moved = []
    for file in sorted((home / "landing").glob(f"*/week={END - WEEK}.parquet")):
        held = folder / file.parent.name / file.name
        held.parent.mkdir(parents=True)
        shutil.move(file, held)
        moved.append((held, file))
    return moved


def price(home: Path, snapshot: date, folder: Path) -> Price:
    """Run `snapshot` in the home, and bare in a copy of it as it was; raises ValueError if the scores differ.

    The SQL for the bare process comes from a run in another copy, not measured.
    """
    recorded, bare, sql = folder / "recorded", folder / "bare", folder / "sql.json"
    for copy in (recorded, bare):
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(home, copy)  # with the times of files, by which they are known again
    run = ("run", "--snapshot", str(snapshot))
    subprocess.run(command(*run, home=recorded, by=("benchmarks.recorded", str(sql))), check=True, capture_output=True)
    paid = cost(command(*run, home=home))
    bare_paid = cost([sys.executable, "-m", "benchmarks.bare", str(bare), str(snapshot), str(sql)])
    _assert_same_scores(home, bare / "bare.parquet", snapshot)
    return Price(paid, bare_paid)


def _assert_same_scores(home: Path, bare: Path, snapshot: date) -> None:
    """Otherwise the two did not do the same work."""
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as connection:
        sql = "select user_id, status, churn_probability from {} where snapshot_date = ? order by user_id"
        ours = connection.execute(sql.format("scoring.scored_users"), [snapshot]).fetchall()
        theirs = connection.execute(sql.format(f"read_parquet('{bare}')"), [snapshot]).fetchall()
    if ours != theirs:
        raise ValueError(f"{bare}: the bare process scores other users or probabilities than churn run in {home}")


def _show(shop: str, prices: dict[str, Price]) -> None:
    table = Table(
        "", "seconds", "bare", "ratio", "price, s", "MB", "bare MB",
        title=f"Price of orchestration: {shop}", title_justify="left",
    )  # fmt: skip
    for name, paid in prices.items():
        run, bare = paid.run, paid.bare
        table.add_row(
            name, f"{run.seconds:.1f}", f"{bare.seconds:.1f}", f"{run.seconds / bare.seconds:.2f}",
            f"{run.seconds - bare.seconds:.1f}", f"{run.bytes / 1e6:,.0f}", f"{bare.bytes / 1e6:,.0f}",
        )  # fmt: skip
    Console().print(table)


if __name__ == "__main__":
    main()
