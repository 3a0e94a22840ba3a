"""How long the report of a snapshot takes, and how large it is, at as many users as asked for.

`python -m benchmarks.report --home HOME [--users 1000000]`. The newest snapshot of HOME is copied and its users are
repeated under new ids until there are that many; then the page is made in a process of its own, whose peak memory is
shown. The bare engine is what reads the same columns of the same files and counts rows.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import duckdb
import polars as pl
from rich.console import Console

from churn_assets.report.files import newest_decided
from churn_assets.stages import Stage
from churn_assets.workplace import Workplace

TABLES = ((Stage.SCORING, "scored_users"), (Stage.INTERVENTIONS, "decision_ledger"), (Stage.INTERVENTIONS, "outbox"))
KEYS = ("user_id", "decision_id", "message_key")
COPIED = ("tables", "record.sqlite", "churn.yaml", "landing", "received")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--users", type=int, default=1_000_000)
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.worker:
        print(json.dumps(_measured(chosen.home)))
        return
    with tempfile.TemporaryDirectory() as folder:
        home = enlarged(chosen.home, Path(folder) / "home", chosen.users)
        command = [sys.executable, "-m", "benchmarks.report", "--worker", "--home", str(home)]
        figures = json.loads(
            subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1]
        )
    Console().print(
        f"{figures['users']:,} users: {figures['seconds']:.1f} s ({figures['seconds'] / figures['bare']:.1f} times the "
        f"bare engine), {figures['bytes'] / 1e6:.2f} MB, peak {figures['peak'] / 1e6:.1f} GB"
    )


def enlarged(home: Path, made: Path, users: int, tables: Sequence[tuple[str, str]] = TABLES) -> Path:
    """A copy of a home whose newest snapshot has as many users, in these tables."""
    made.mkdir()
    for name in COPIED:
        if (home / name).is_dir():
            shutil.copytree(home / name, made / name)
        elif (home / name).exists():
            shutil.copy(home / name, made / name)
    shutil.copy(home / "warehouse.duckdb", made / "warehouse.duckdb")
    workplace = Workplace(home_path=str(made))
    day = newest_decided(workplace)
    copies = -(-users // workplace.tables.read(Stage.SCORING, "scored_users", day).height)
    for stage, table in tables:
        frame = workplace.tables.read(stage, table, day)
        parts = [_renamed(frame, number) for number in range(copies)]
        with workplace.record.transaction() as connection:
            connection.execute("update manifest set is_sealed = 0")
        workplace.tables.publish(stage, table, day, pl.concat(parts))
    with duckdb.connect(str(made / "warehouse.duckdb")) as connection:
        connection.execute(
            "insert into marts.dim_user_profiles select p.* replace (p.user_id || '-' || n as user_id) "
            f"from marts.dim_user_profiles as p, range(1, {copies}) as copies (n) where p.snapshot_date = date '{day}'"
        )
    workplace.show_tables()
    return made


def _renamed(frame: pl.DataFrame, number: int) -> pl.DataFrame:
    """The same rows under new ids; keys stay hexadecimal."""
    if not number:
        return frame
    changes = [
        (pl.col(key) + f"-{number}" if key == "user_id" else pl.lit(f"{number:04x}") + pl.col(key).str.slice(4)).alias(
            key
        )
        for key in KEYS
        if key in frame.columns
    ]
    return frame.with_columns(changes)


def _measured(home: Path) -> dict[str, float]:
    from churn_assets.report.facts import facts_of  # noqa: PLC0415 - its import is not the report's time
    from churn_assets.report.page import snapshot_page  # noqa: PLC0415

    workplace = Workplace(home_path=str(home))
    day = newest_decided(workplace)
    started = time.perf_counter()
    facts = facts_of(workplace, day)
    page = snapshot_page(facts, None)
    seconds = time.perf_counter() - started
    started = time.perf_counter()
    for stage, table in TABLES:
        workplace.tables.scan(stage, table, day).select(pl.all().count()).collect()
    bare = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {
        "users": sum(facts.population.statuses.values()), "seconds": seconds, "bare": bare, "bytes": len(page.encode()),
        "peak": peak,
    }  # fmt: skip


if __name__ == "__main__":
    main()
