"""How often `newest_rows_have_arrived` stops a run for nothing, and which faults it finds at the first snapshot.

`python -m benchmarks.feed [--users N] [--seeds N]` (12 minutes on 2 cores). Quiet feeds: the simulated shop (two
Christmases), a small one, a shop like CDNOW, a shop with Sundays, holidays and closures, Complete Journey where it is
installed. A table-week with an alarm on any of its looks (Mondays, every day, the first of a month) is one false alarm.
Then the newest rows of every third Monday are damaged, one table at a time, where the quiet table could be judged.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl
from rich.console import Console
from rich.table import Table

from benchmarks.feed_shops import FIRST_YEAR_CLOSURES, like_cdnow, with_holidays
from benchmarks.mart import dbt_arguments
from churn_assets.command.fill import fill_from_shop, fill_from_source
from churn_assets.monitoring.feed import judge
from churn_assets.shop.settings import ShopSettings
from churn_assets.sources import SourceError
from churn_assets.warehouse.arrivals import feed_counts
from churn_assets.warehouse.project import dbt_executable
from churn_assets.workplace import Workplace

END, WEEKS = date(2026, 11, 16), 112
MAIN = ("orders", "order_items", "events")
RNG = np.random.default_rng(7)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=5_000)
    parser.add_argument("--seeds", type=int, default=3)
    chosen = parser.parse_args()
    quiet = Table("quiet feed", "tables", "table-weeks", "alarms Mondays", "every day", "monthly")
    caught: Counter[tuple[str, str, bool]] = Counter()
    for name, counts, first, last, closed in _feeds(chosen.users, chosen.seeds):
        quiet.add_row(name, *map(str, _false_alarms(counts, first, last, closed)))
        for fault, table, is_found in _faults(counts, first, last, closed):
            kind = "main tables" if table in MAIN else "other tables"
            caught[fault, f"{name.split(', seed')[0]}: {kind}", is_found] += 1
    groups = dict.fromkeys(group for _, group, _ in caught)
    found = Table("fault at the newest snapshot", *groups)
    for fault in dict.fromkeys(fault for fault, *_ in caught):
        found.add_row(fault, *(_share(caught, fault, group) for group in groups))
    Console(width=200).print(quiet, found)


def _share(caught: Counter[tuple[str, str, bool]], fault: str, group: str) -> str:
    yes, no = caught[fault, group, True], caught[fault, group, False]
    return f"{yes:,} of {yes + no:,}" if yes + no else "-"


def _feeds(users: int, seeds: int) -> Iterator[tuple[str, pl.DataFrame, date, date, frozenset[date]]]:
    """Name, FeedCounts, first and last snapshot, and the days on which the shop says that it was closed."""
    shops = [(users, seed) for seed in range(1, seeds + 1)] + [(400, seed) for seed in range(1, seeds + 1)]
    with tempfile.TemporaryDirectory() as folder:
        for size, seed in shops:
            home = Path(folder) / f"shop-{size}-{seed}"
            fill_from_shop(home, ShopSettings(end=END, users=size, weeks=WEEKS, seed=seed), if_missing=False)
            yield f"simulated, {size:,} users, seed {seed}", *_counted(home, END), frozenset()
        # In its first year nobody can know that a shop shuts: there it says so.
        shuts = ("shuts on Sundays, New Year, August", with_holidays(), FIRST_YEAR_CLOSURES)
        for name, orders, closed in (("like CDNOW", like_cdnow(), frozenset()), shuts):
            home = Path(folder) / name
            (home / "landing" / "orders").mkdir(parents=True)
            orders.write_parquet(home / "landing" / "orders" / "orders.parquet")
            yield name, *_counted(home, orders["ordered_at"].max().date() + timedelta(days=1)), closed
        home = Path(folder) / "complete-journey"
        try:
            fill_from_source(home, "complete-journey", None, if_missing=False)
        except SourceError as error:
            print(error)
            return
        yield "Complete Journey", *_counted(home, date(2018, 1, 1)), frozenset()


def _counted(home: Path, until: date) -> tuple[pl.DataFrame, date, date]:
    workplace = Workplace(home_path=str(home))
    command = [dbt_executable(), *dbt_arguments(home, [until], "fqn:staging")]
    subprocess.run(command, check=True, capture_output=True)
    started = time.perf_counter()
    counts = feed_counts(workplace, until)
    judge(counts, until, until - timedelta(days=7), closed={}, vital=())
    print(f"{home.name}: {counts['rows'].sum():,} rows counted and judged in {time.perf_counter() - started:.1f} s")
    orders = counts.filter(table="orders")["event_date"]
    return counts, orders.quantile(0.01).date(), until


def _false_alarms(
    counts: pl.DataFrame, first: date, last: date, closed: frozenset[date]
) -> tuple[int, int, int, int, int]:
    """Tables, table-weeks that were judged, and those with an alarm by how often one looks."""
    shut = dict.fromkeys(counts["table"].unique(), closed)
    weeks: set[tuple[str, int]] = set()
    alarms: dict[str, set[tuple[str, int]]] = {"monday": set(), "day": set(), "month": set()}
    for number in range((last - first).days + 1):
        day = first + timedelta(days=number)
        looks = {"day": day - timedelta(days=1)}
        looks |= {"monday": day - timedelta(days=7)} if day.weekday() == 0 else {}
        looks |= {"month": (day - timedelta(days=1)).replace(day=1)} if day.day == 1 else {}
        for kind, previous in looks.items():
            for table, verdict in judge(counts, day, previous, closed=shut, vital=()).items():
                week = (table, (day - timedelta(days=1)).toordinal() // 7)
                weeks |= {week} if verdict.state != "unjudged" else set()
                alarms[kind] |= {week} if verdict.state == "broken" else set()
    return (len({table for table, _ in weeks}), len(weeks), *(len(alarms[kind]) for kind in ("monday", "day", "month")))


def _faults(counts: pl.DataFrame, first: date, last: date, closed: frozenset[date]) -> Iterator[tuple[str, str, bool]]:
    """Fault, table, whether it was found."""
    shut = dict.fromkeys(counts["table"].unique(), closed)
    for number in range(1, (last - first).days // 21):
        day = last - timedelta(days=(last - date(2024, 1, 1)).days % 7 + 21 * number)
        quiet = judge(counts, day, day - timedelta(days=7), closed=shut, vital=())
        able = [table for table, verdict in quiet.items() if verdict.state == "whole"]
        for fault, damaged in _damaged(counts.filter(pl.col("table").is_in(able)), day):
            verdicts = judge(damaged, day, day - timedelta(days=7), closed=shut, vital=())
            for table in able:
                yield fault, table, table in verdicts and verdicts[table].state == "broken"


def _damaged(counts: pl.DataFrame, day: date) -> Iterator[tuple[str, pl.DataFrame]]:
    age = (pl.lit(day) - pl.col("event_date")).dt.total_days()
    for days in (1, 2, 3, 7):
        yield f"last {days} days empty", counts.filter(age > days)
    for days in (1, 3, 7):
        yield f"last {days} days at 10 %", _thinned(counts, age <= days, 0.1)
    yield "half the rows of the week gone", _thinned(counts, age <= 7, 0.5)
    for weeks in (3, 6):
        yield f"stopped {weeks} weeks ago", counts.filter(age > 7 * weeks)


def _thinned(counts: pl.DataFrame, where: pl.Expr, share: float) -> pl.DataFrame:
    """Each row of the cells stays with probability `share`."""
    hit, rest = counts.filter(where), counts.filter(~where)
    returning = RNG.binomial(hit["returning_rows"].to_numpy(), share)
    rows = returning + RNG.binomial((hit["rows"] - hit["returning_rows"]).to_numpy(), share)
    thin = hit.with_columns(
        rows=pl.Series(rows),
        returning_rows=pl.Series(returning),
        squares=pl.max_horizontal(pl.Series(rows), (pl.col("squares") * share**2).cast(pl.Int64)),
        returning_squares=pl.max_horizontal(
            pl.Series(returning), (pl.col("returning_squares") * share**2).cast(pl.Int64)
        ),
    )
    return pl.concat([rest, thin.filter(pl.col("rows") > 0)])


if __name__ == "__main__":
    main()
