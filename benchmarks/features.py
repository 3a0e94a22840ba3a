"""The feature mart beside SQL written by hand: one snapshot at scale, next week's snapshot, and a backfill.

`python -m benchmarks.features [--users N] [--events N] [--backfill-users N] [--only PART ...]`. Works on a landing that
DuckDB writes (benchmarks/landing.py) in a temporary folder. The mart is what `churn run` gives dbt: staging, marts and
features, without tests and without Dagster. Ratios are of wall time within one run of this module.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.cost import Cost, cost
from benchmarks.landing import Size, write_landing

END = date(2026, 11, 16)
WEEK = timedelta(weeks=1)
WEEKS, LONG_WEEKS, BACKFILL_WEEKS = 26, 104, 52
PARTS = ("snapshot", "next_week", "backfill")
Row = tuple[str, Cost, float | None, str]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=50_000)
    parser.add_argument("--events", type=int, default=5_000_000, help="over 26 weeks; longer histories have more")
    parser.add_argument("--backfill-users", type=int, default=10_000)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--folder", help="where the temporary folder is made")
    chosen = parser.parse_args()
    size = Size(chosen.users, chosen.events, WEEKS)
    table = Table(
        *("", "seconds", "CPU s", "peak memory, MB", "ratio", "target"), title=f"{size}", title_justify="left"
    )
    with tempfile.TemporaryDirectory(dir=chosen.folder) as folder:
        for part in chosen.only:
            for name, paid, ratio, target in _measure(part, Path(folder), size, chosen.backfill_users):
                shown = "" if ratio is None else f"{ratio:.2f}"
                figures = (f"{paid.seconds:.1f}", f"{paid.cpu_seconds:.1f}", f"{paid.bytes / 1e6:,.0f}")
                table.add_row(name, *figures, shown, target)
                Console().print(name, *figures, shown)
    Console().print(table)


def _measure(part: str, folder: Path, size: Size, backfill_users: int) -> Iterator[Row]:
    if part == "snapshot":
        yield from snapshot(folder / part, size)
    elif part == "next_week":
        yield from next_week(folder / part, size)
    else:
        yield from backfill(folder / part, backfill_users, size.events // size.users)


def snapshot(folder: Path, size: Size) -> Iterator[Row]:
    """One snapshot in an empty warehouse."""
    landing = _landing(folder, size)
    by_hand = cost(_by_hand(landing, END, folder))
    made = mart(folder / "home", landing, [END])
    yield "one snapshot, by hand", by_hand, None, ""
    yield "one snapshot, mart", made, made.seconds / by_hand.seconds, "2.5, 12,000 MB"


def next_week(folder: Path, size: Size) -> Iterator[Row]:
    """The week after a warehouse has been made of a shorter and of a longer history, as many events each week."""
    base: Cost | None = None
    for weeks in (WEEKS, LONG_WEEKS):
        work = folder / str(weeks)
        landing = _landing(work, Size(size.users, size.events * weeks // WEEKS, weeks))
        mart(work / "home", landing, [END - WEEK])
        paid = mart(work / "home", landing, [END])
        yield f"next week after {weeks} weeks", paid, base and paid.seconds / base.seconds, "1.5" if base else ""
        base = base or paid


def backfill(folder: Path, users: int, events_per_user: int) -> Iterator[Row]:
    """Fifty-two snapshots over their whole year and the half before it: one run, a bare loop, one run per partition."""
    weeks = BACKFILL_WEEKS + WEEKS
    landing = _landing(folder, Size(users, users * events_per_user * weeks // WEEKS, weeks))
    days = [END - WEEK * back for back in reversed(range(BACKFILL_WEEKS))]
    loop = cost([sys.executable, "-m", "benchmarks.features_loop", str(landing), *map(str, days)])
    one_run = mart(folder / "home", landing, days)
    singles = [mart(folder / "home", landing, [day]) for day in days[-2:]]  # a partition is made whole, new or again
    each = Cost(*(sum(getattr(paid, name) for paid in singles) / 2 for name in ("seconds", "cpu_seconds", "bytes")))
    estimated = BACKFILL_WEEKS * each.seconds
    yield f"{BACKFILL_WEEKS} snapshots, {users:,} users, loop by hand", loop, None, ""
    yield f"{BACKFILL_WEEKS} snapshots in one run, mart", one_run, one_run.seconds / loop.seconds, "1.5"
    yield f"one dbt run per snapshot (mean of 2), x {BACKFILL_WEEKS}", each, estimated / one_run.seconds, "10 at least"


def _landing(folder: Path, size: Size) -> Path:
    landing = folder / "landing"
    write_landing(landing, size, END - timedelta(weeks=size.weeks))
    return landing


def _by_hand(landing: Path, day: date, folder: Path) -> list[str]:
    return [
        sys.executable,
        "-m",
        "benchmarks.features_by_hand",
        str(landing),
        str(day),
        str(folder / "by_hand.parquet"),
    ]


def mart(
    home: Path, landing: Path, days: Sequence[date], *, start: date = date(2024, 1, 1), cadence: str = "weekly"
) -> Cost:
    """One dbt run as a snapshot run starts it."""
    home.mkdir(parents=True, exist_ok=True)
    (home / "churn.yaml").write_text(f"landing: {{uri: {landing}}}\ncalendar: {{start: {start}, cadence: {cadence}}}\n")
    os.environ["CHURN_HOME"] = str(home)
    from benchmarks.mart import dbt_arguments  # noqa: PLC0415 - reads CHURN_HOME
    from churn_assets.warehouse.project import dbt_executable  # noqa: PLC0415

    return cost([dbt_executable(), *dbt_arguments(home, days)])


if __name__ == "__main__":
    main()
