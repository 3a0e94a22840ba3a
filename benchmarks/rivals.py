"""The same features by this mart, by pandas and by featuretools, from the same Parquet file of orders.

Some thirty windowed features per user and snapshot from one table of orders, 100 a user. Each rival is one process:
the mart is what `churn run` does with dbt, from raw rows to features, corrections and late rows provided for; pandas is
straightforward groupby code; featuretools is `dfs` with a cutoff time and a training window per window, for those
features that it has, gap_spread_days and gap_max_days not among them.

featuretools is no dependency: 1.31 does not work with pandas 3 (2026-11), so give it an environment of its own,
`python -m venv ft && ft/bin/pip install featuretools 'pandas<2.3' pyarrow`, and say
`--featuretools-python ft/bin/python`.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import duckdb
from rich.console import Console
from rich.table import Table

END = date(2026, 11, 16)
ORDERS_PER_USER = 100
HERE = Path(__file__).parent
TARGETS = {1: 8, 12: 15}  # times faster than featuretools
# One order a week on a day by chance, each user at their own time of day: all rivals then mean the same by a gap.
ORDERS = """
copy (
  select
    user_id * {orders} + number as order_id,
    user_id,
    timestamp '{end}' - interval 1 day * (7 * number + hash(user_id, number, 'day') % 7 + hash(user_id) % 28)
      - interval 1 second * (1 + hash(user_id, 'time') % 86000) as ordered_at,
    cast(500 + hash(user_id, number, 'amount') % 20000 as double) / 100 as amount,
    cast(hash(user_id, number, 'discount') % 500 as double) / 100 as discount_amount,
    ordered_at as ingested_at
  -- Not from 0, which is nobody's id.
  from range(1, {users} + 1) as users (user_id), range({orders}) as numbers (number)
) to '{file}' (format parquet)
"""


@dataclass(frozen=True)
class Cost:
    """Of one process: wall time in all, of that the features alone (nothing read, nothing imported), processor time of
    all threads, peak memory; and of the mart, where the time went, seconds per model.
    """

    seconds: float
    feature_seconds: float
    cpu_seconds: float
    bytes: int
    models: dict[str, float]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=100_000)
    parser.add_argument("--snapshots", type=int, nargs="+", default=[1, 12])
    parser.add_argument("--featuretools-python", type=Path, default=Path(sys.executable))
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        orders = folder / "home" / "landing" / "orders" / "orders.parquet"
        orders.parent.mkdir(parents=True)
        duckdb.execute(ORDERS.format(users=chosen.users, orders=ORDERS_PER_USER, end=END, file=orders))
        for count in chosen.snapshots:
            days = [(END - timedelta(days=7 * back)).isoformat() for back in reversed(range(count))]
            costs = _costs(chosen.featuretools_python, folder, orders, days)
            _show(f"{chosen.users:,} users, {chosen.users * ORDERS_PER_USER:,} orders, {count} snapshots", count, costs)
            _show_differences(folder, [name for name in costs if name != "mart"])


def _costs(featuretools_python: Path, folder: Path, orders: Path, days: list[str]) -> dict[str, Cost]:
    pythons = {"mart": Path(sys.executable), "pandas": Path(sys.executable), "featuretools": featuretools_python}
    has_it = subprocess.run([str(featuretools_python), "-c", "import featuretools"], capture_output=True, check=False)
    if has_it.returncode:
        del pythons["featuretools"]
    costs = {}
    for name, python in pythons.items():
        (folder / name).mkdir(exist_ok=True)
        script = HERE / f"rivals_{name}.py"
        costs[name] = _cost([str(python), str(script), str(orders), str(folder / name), *days], folder / name)
    return costs


def _cost(command: list[str], folder: Path) -> Cost:
    started = time.perf_counter()
    process = subprocess.Popen(command, env=os.environ | {"PYTHONPATH": str(HERE.parent)})
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    told = json.loads((folder / "told.json").read_text())
    cpu_seconds = usage.ru_utime + usage.ru_stime
    return Cost(seconds, told["feature_seconds"], cpu_seconds, usage.ru_maxrss * 1024, told.get("models", {}))


def _show(title: str, count: int, costs: dict[str, Cost]) -> None:
    columns = ("", "features, s", "ratio", "whole process, s", "ratio", "processor, s", "ratio", "peak memory, MB")
    table = Table(*columns, title=title)
    mart = costs["mart"]
    for name, cost in costs.items():
        pairs = (
            (cost.feature_seconds, mart.feature_seconds),
            (cost.seconds, mart.seconds),
            (cost.cpu_seconds, mart.cpu_seconds),
        )
        figures = [text for value, base in pairs for text in (f"{value:.1f}", f"{value / base:.1f}")]
        table.add_row(name, *figures, f"{cost.bytes / 1e6:,.0f}")
    if "featuretools" not in costs:
        table.add_row("featuretools", "not installed")
    if count in TARGETS:
        table.caption = f"Target: featuretools {TARGETS[count]} times the mart, pandas not below it."
    slowest = sorted(mart.models.items(), key=lambda model: -model[1])[:5]
    Console().print(table, "The mart: " + ", ".join(f"{name} {seconds:.1f} s" for name, seconds in slowest))


def _show_differences(folder: Path, rivals: list[str]) -> None:
    """Per feature the largest difference from the mart, relative to the greater of 1 and the value."""
    table = Table("feature", *rivals, title="Largest difference from the mart")
    mart = duckdb.read_parquet(str(folder / "mart" / "features.parquet"))
    names = [name for name in mart.columns if name not in ("user_id", "snapshot_date")]
    told = {name: _differences(folder, name, names) for name in rivals}
    shared = [name for name in names if any(name in told[rival] for rival in rivals)]
    for name in shared:
        table.add_row(name, *(told[rival].get(name, "-") for rival in rivals))
    Console().print(table)


def _differences(folder: Path, rival: str, names: list[str]) -> dict[str, str]:
    file, other = (folder / who / "features.parquet" for who in ("mart", rival))
    shared = [name for name in duckdb.read_parquet(str(other)).columns if name in names]
    compared = ", ".join(
        f"max(abs(a.{name} - b.{name}) / greatest(1, abs(a.{name}))), "
        f"count(*) filter ((a.{name} is null) <> (b.{name} is null))"
        for name in shared
    )
    found = duckdb.sql(
        f"select {compared}, count(*) filter (a.user_id is null or b.user_id is null) from '{file}' as a "
        f"full join '{other}' as b on cast(a.user_id as bigint) = b.user_id and a.snapshot_date = b.snapshot_date"
    ).fetchall()[0]
    if found[-1]:
        raise ValueError(f"{rival}: {found[-1]} users and snapshots are only in one of it and the mart")
    pairs = zip(shared, found[:-1:2], found[1:-1:2], strict=True)
    return {name: f"{largest or 0:.0e}" + (f", {gaps} unknown in one" if gaps else "") for name, largest, gaps in pairs}


if __name__ == "__main__":
    main()
