"""How often drift warns though nothing happened, which faults are noticed and when, and how often the intervals of
estimated performance hold what labels said later.

`python -m benchmarks.alarms [--cdnow CDNOW_master.txt] [--only NAME] [--quiet N]` (an hour on one core). Quiet
weeks: 52 of the simulated shop of 5,000 users, of Complete Journey (where it is installed) and CDNOW all weeks from the
first model on, as if that had been the first run. Then the newest rows of some weeks are damaged (alarm_faults.py), and
each damaged home is looked at on the first Monday after it and a week later: feed, units, suite of the mart, drift.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from pathlib import Path

import polars as pl
from rich.console import Console
from rich.table import Table
from sklearn.metrics import roc_auc_score

from benchmarks.alarm_faults import CDNOW, COMPLETE_JOURNEY, SIMULATED, Fault, plant
from benchmarks.alarm_weeks import SCORE, Week, build_mart, weeks
from churn_assets.command.fill import fill_from_shop, fill_from_source
from churn_assets.contracts.raw import raw_contract
from churn_assets.monitoring.feed import judge
from churn_assets.monitoring.units import changed_units
from churn_assets.shop.settings import ShopSettings
from churn_assets.warehouse.amounts import amounts_by_week
from churn_assets.warehouse.arrivals import feed_counts
from churn_assets.warehouse.expectations import read_suite, run_suite
from churn_assets.warehouse.project import ROOT
from churn_assets.workplace import Workplace

WEEK = timedelta(weeks=1)
VITAL = {table.name for table in raw_contract() if table.must_exist}
ESTIMATED = ("auc", "churned_share")
SIMULATED_END, SIMULATED_WEEKS = date(2026, 11, 16), 112
LABELS = """
select user_id, snapshot_date, is_churned from features.churn_labels
where definition = $definition and is_churned is not null and is_eligible
"""


@dataclass(frozen=True)
class Shop:
    """`first` to `last`: the snapshots that are built. `quiet`: how many of the newest are judged, all if None.
    `every`: weeks from one training to the next. `faults` begin a week before the snapshot `damaged`.
    """

    name: str
    first: date
    last: date
    quiet: int | None
    every: int
    faults: Sequence[Fault]
    damaged: date

    @property
    def days(self) -> list[date]:
        return [self.first + WEEK * number for number in range((self.last - self.first).days // 7 + 1)]


SHOPS = (
    Shop("simulated", date(2024, 10, 21), date(2026, 10, 12), 52, 1, SIMULATED, date(2026, 3, 16)),
    Shop("complete-journey", date(2017, 1, 30), date(2018, 1, 1), None, 1, COMPLETE_JOURNEY, date(2017, 11, 6)),
    Shop("cdnow", date(1997, 1, 30), date(1998, 6, 25), None, 4, CDNOW, date(1998, 4, 16)),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cdnow", type=Path, help="CDNOW_master.txt")
    parser.add_argument("--only", choices=[shop.name for shop in SHOPS])
    parser.add_argument(
        "--quiet", type=int, help="how many of the newest snapshots are judged; must hold the damaged one"
    )
    chosen = parser.parse_args()
    for shop in SHOPS:
        if chosen.only in (None, shop.name) and (shop.name != "cdnow" or chosen.cdnow):
            with tempfile.TemporaryDirectory() as folder:
                home = Path(folder) / "quiet"
                _fill(home, shop, chosen.cdnow)
                show(replace(shop, quiet=chosen.quiet) if chosen.quiet else shop, home)


def show(shop: Shop, home: Path) -> None:
    console = Console(width=160)
    workplace = build_mart(home, shop.days)
    truth = workplace.warehouse.query(LABELS, {"definition": workplace.settings.churn.definition})
    console.print("quiet snapshot, users, features known, drifts, largest,", ", ".join(ESTIMATED))
    drifts: list[pl.DataFrame] = []
    held: list[tuple[str, float, float, float]] = []
    kept: list[Week] = []
    for week in weeks(workplace, shop.days[-shop.quiet :] if shop.quiet else shop.days, every=shop.every):
        drift, estimates = week.drift(workplace), list(_held(week, workplace, truth))
        shown = [f"{value:.3f} in [{low:.3f}, {high:.3f}]" for _, value, low, high in estimates] or ["", ""]
        # Line by line: an hour's work that is interrupted has said what it measured.
        console.print(str(week.day), f"{len(week.users):>7,}", f"{_known(drift):>4}", *_drifts(drift), *shown)
        drifts.append(drift)
        held += estimates
        kept += [week] if shop.damaged <= week.day <= shop.damaged + WEEK else []
    alarms, able = (sum(map(of_drift, drifts)) for of_drift in (_is_drifted, _is_known))
    console.print(f"{shop.name}: drift at {alarms} of {len(drifts)} quiet snapshots, features judged at {able}")
    for metric in ESTIMATED:
        inside = [low <= value <= high for name, value, low, high in held if name == metric]
        console.print(f"{shop.name}: {metric} within its 95 % interval {sum(inside)} of {len(inside)} times")
    console.print(_noticed(shop, home, kept))


def _noticed(shop: Shop, home: Path, quiet: Sequence[Week]) -> Table:
    """`quiet`: the first snapshot after the faults, and the next one."""
    table = Table(f"fault before {shop.damaged}", "at once", "a week later", box=None, pad_edge=False)
    with tempfile.TemporaryDirectory(dir=home.parent) as folder:
        before = Path(folder) / "before"
        shutil.copytree(home / "landing", before / "landing", copy_function=os.link)
        shutil.copy(home / "churn.yaml", before)
        build_mart(before, [shop.damaged - WEEK])
        for number, fault in enumerate(shop.faults):
            damaged_home = Path(folder) / str(number)
            plant(before, damaged_home, fault, datetime.combine(shop.damaged - WEEK, time()))
            noticed: list[str] = []
            for week in quiet:
                if not any(noticed):
                    noticed.append(", ".join(_warnings(week, build_mart(damaged_home, [week.day]))))
            table.add_row(fault.name, *(warnings or "nothing" for warnings in noticed))
            shutil.rmtree(damaged_home)
    return table


def _warnings(quiet: Week, workplace: Workplace) -> Iterator[str]:
    """What is noticed of a damaged home at the snapshot of `quiet`."""
    closed = {table.name: workplace.settings.landing.closed_days(table.name) for table in raw_contract()}
    counts = feed_counts(workplace, quiet.day)
    for name, verdict in judge(counts, quiet.day, quiet.day - WEEK, closed=closed, vital=VITAL).items():
        if verdict.state == "broken":
            yield f"feed of {name}"
    for changed in changed_units(amounts_by_week(workplace, quiet.day)):
        yield f"unit of {changed.table}"
    suite = read_suite(ROOT / "expectations" / "user_features.json")
    for failure in run_suite(suite, workplace.warehouse.file, "features.user_features", quiet.day).failures:
        yield f"suite: {failure.column or failure.expectation}"
    drift = quiet.with_users_of(workplace).drift(workplace)
    if _is_drifted(drift):
        yield f"drift of {' '.join(_drifts(drift))}"


def _is_drifted(drift: pl.DataFrame) -> bool:
    return bool((drift["level"] != "none").any())


def _known(drift: pl.DataFrame) -> int:
    return int(drift["usual_psi"].count())


def _is_known(drift: pl.DataFrame) -> bool:
    return _known(drift) > 0


def _drifts(drift: pl.DataFrame) -> tuple[str, str]:
    """How many features drifted, and the one that did most."""
    drifted = drift.filter(pl.col("level") != "none")
    return str(len(drifted)), f"{drifted['feature'][0]} {drifted['psi'][0]:.2f}" if len(drifted) else ""


def _held(week: Week, workplace: Workplace, truth: pl.DataFrame) -> Iterator[tuple[str, float, float, float]]:
    """Metric, what labels said, ends of the interval; nothing where they have not matured. Only from weeks with a
    training: the calibration of others is older than the intervals assume.
    """
    users = week.users.select("user_id", "snapshot_date", SCORE).join(truth, on=["user_id", "snapshot_date"])
    if len(users) < len(week.users) or not week.is_trained:
        return
    values = {
        "auc": float(roc_auc_score(users["is_churned"], users[SCORE])),
        "churned_share": users["is_churned"].mean(),
    }
    for row in week.estimates(workplace).iter_rows(named=True):
        if row["metric"] in ESTIMATED:
            yield row["metric"], values[row["metric"]], row["estimate_low"], row["estimate_high"]


def _fill(home: Path, shop: Shop, cdnow: Path | None) -> None:
    if shop.name == "simulated":
        settings = ShopSettings(end=SIMULATED_END, users=5_000, weeks=SIMULATED_WEEKS, seed=1)
        fill_from_shop(home, settings, if_missing=False)
        (home / "churn.yaml").write_text(
            f"calendar: {{start: {SIMULATED_END - WEEK * SIMULATED_WEEKS}, cadence: weekly}}\n"
        )
    else:
        fill_from_source(home, shop.name, cdnow if shop.name == "cdnow" else None, if_missing=False)


if __name__ == "__main__":
    main()
