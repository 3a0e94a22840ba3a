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
import threading
import time
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
from rich.console import Console
from rich.table import Table

END = date(2026, 11, 16)
TARGET_SECONDS = 30
POLL_SECONDS = 0.1
PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class Cost:
    """Wall time, and the greatest resident memory of the process and all it started, added up at one moment."""

    seconds: float
    bytes: int


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=20_000)
    parser.add_argument("--weeks", type=int, default=78)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        churn = [sys.executable, "-m", "churn_assets.cli"]
        simulate = ["simulate", "--users", str(chosen.users), "--weeks", str(chosen.weeks), "--end", END.isoformat()]
        subprocess.run([*churn, *simulate, "--home", str(home)], check=True)
        first = _cost([*churn, "run", "--snapshot", END.isoformat(), "--home", str(home)])
        second = _cost([*churn, "run", "--snapshot", END.isoformat(), "--home", str(home)])
        plan = _plan(home, Path(folder) / "scratch")
        bare = _cost([sys.executable, "-m", "benchmarks.bare", str(plan)])
        _assert_same_scores(home, plan.with_name("scored_users.parquet"))
    _show(f"{chosen.users:,} users, {chosen.weeks} weeks", first, second, bare)


def _cost(command: list[str]) -> Cost:
    started = time.perf_counter()
    process = subprocess.Popen(command)
    peak = [0]
    watcher = threading.Thread(target=_watch, args=(process, peak))
    watcher.start()
    if process.wait():
        raise subprocess.CalledProcessError(process.returncode, command)
    seconds = time.perf_counter() - started
    watcher.join()
    return Cost(seconds, peak[0])


def _watch(process: subprocess.Popen[bytes], peak: list[int]) -> None:
    while process.poll() is None:
        peak[0] = max(peak[0], _resident(process.pid))
        time.sleep(POLL_SECONDS)


def _resident(pid: int) -> int:
    """Bytes of a process and its descendants; 0 for one that has just ended."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        tasks = [task / "children" for task in Path(f"/proc/{pid}/task").iterdir()]
        children = [int(child) for task in tasks for child in task.read_text().split()]
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return pages * PAGE + sum(_resident(child) for child in children)


def _plan(home: Path, scratch: Path) -> Path:
    """The plan of the bare process, made in a scratch home over the same landing and the same calendar."""
    scratch.mkdir()
    (scratch / "churn.yaml").write_text(f"landing: {{uri: {home / 'landing'}}}\n")
    os.environ["CHURN_HOME"] = str(scratch)
    from benchmarks.plan import write_plan  # noqa: PLC0415 - reads CHURN_HOME when imported
    from churn_assets.defs.history import settle_calendar  # noqa: PLC0415
    from churn_assets.defs.workplace import Workplace  # noqa: PLC0415

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
    for name, cost in rows.items():
        table.add_row(name, f"{cost.seconds:.1f}", f"{cost.bytes / 1e6:,.0f}")
    table.add_row(
        f"price (target {TARGET_SECONDS} s at most)",
        f"{first.seconds - bare.seconds:.1f}",
        f"{(first.bytes - bare.bytes) / 1e6:,.0f}",
        style="bold",
    )
    Console().print(table)


if __name__ == "__main__":
    main()
