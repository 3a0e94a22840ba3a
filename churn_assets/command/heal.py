"""`churn heal` and `churn rebuild`: what is kept twice is brought back, what can be computed is computed once more."""

from __future__ import annotations

import getpass
import json
from collections.abc import Sequence
from datetime import UTC, date, datetime
from itertools import groupby
from pathlib import Path

from churn_assets.command.running import run_days
from churn_assets.doctor.files import read_files, warehouse_faults
from churn_assets.erasure.busy import exclusive_home
from churn_assets.failures import Failure
from churn_assets.instance.condition import Damage, damaged, heal
from churn_assets.instance.home import Home
from churn_assets.instance.record.second import accept, bring_back, damage, edited
from churn_assets.instance.record.store import Partition
from churn_assets.instance.terminal import wide_console
from churn_assets.instance.twice import keep_twice
from churn_assets.stages import Stage
from churn_assets.workplace import Workplace


class CannotHeal(Failure, code="damaged"):
    """Something is damaged that no second copy brings back."""


def verify_files(root: Path, *, as_json: bool = False) -> bool:
    """Print what is damaged of all that the home keeps; returns whether nothing is."""
    read = read_files(Home(root))
    if as_json:
        print(json.dumps({"faults": list(map(str, read.faults)), "files": read.files, "bytes": read.bytes}))
        return not read.faults
    console = wide_console()
    for fault in read.faults:
        console.print(f"{fault}.", markup=False, soft_wrap=True)
    console.print(
        f"{read.files:,} files, {read.bytes / 1e9:.2f} GB read in {read.seconds:.1f} s: "
        + (f"{len(read.faults)} faults.  [damaged]" if read.faults else "all are what was written."),
        markup=False,
    )
    return not read.faults


def heal_home(root: Path, backup: Path | None, reason: str | None) -> bool:
    """Bring back the record and sealed partitions from their second copies, and renew these.

    `backup`: a backup to take partitions from of which both files are lost. `reason`: accept rows of the record that
    were edited by another program. Returns whether all is healed. Raises ErasureBusy, RecordError.
    """
    home, console = Home(root), wide_console()
    is_healed = True
    with exclusive_home(home):
        if damage(home.record) if home.record.exists() else home.record_copy.exists():
            kept = bring_back(home.record, home.record_copy)
            console.print(
                f"The record is back as of {_time_of(home.record_copy)}. What was recorded since is in {kept} at most.",
                markup=False, soft_wrap=True,
            )  # fmt: skip
        workplace = Workplace(home_path=str(root))
        faults = edited(home.record) if home.record.exists() else []
        if faults and reason:
            accept(home.record, getpass.getuser(), reason, datetime.now(UTC).replace(tzinfo=None).isoformat())
            console.print(f"Accepted as they are: {'; '.join(faults)}.", markup=False, soft_wrap=True)
        elif faults:
            is_healed = False
            console.print(
                f"The record was edited, or bits of it have flipped: {'; '.join(faults)}. Find out who did, then "
                "accept the rows as they are with --accept REASON, or restore a backup into an empty folder.",
                markup=False, soft_wrap=True,
            )  # fmt: skip
        healed = heal(workplace.tables, backup / "tables" if backup else None)
        for what, partitions in (("Brought back", healed.files), ("Second copy renewed", healed.copies)):
            for each in partitions:
                console.print(f"{what}: {_name(each)}", markup=False)
        for each in healed.lost:
            is_healed = False
            console.print(
                f"Lost, as both files are damaged: {_name(each)}. Name a backup that has it: churn heal --from DIR",
                markup=False, soft_wrap=True,
            )  # fmt: skip
        keep_twice(home)
    if is_healed and not (healed.files or healed.copies):
        console.print("All that is kept twice is whole.")
    return is_healed


def rebuild(root: Path, *, is_all: bool) -> bool:
    """Rebuild published files that are damaged or missing, and a warehouse that cannot be read, by running their
    snapshots once more; `is_all`: everything that was ever scored. Returns whether all ran and all bytes are as before.
    """
    if not heal_home(root, None, None):
        return False
    workplace, console = Workplace(home_path=str(root)), wide_console()
    wrong = [each for each in damaged(workplace.tables) if not each.is_copy]
    has_warehouse = not is_all and workplace.home.warehouse.exists() and not warehouse_faults(workplace.home.warehouse)
    days = _days(workplace, wrong, has_warehouse=has_warehouse)
    if not days:
        console.print("Nothing is missing or damaged.")
        return True
    before = {_name(p): p.sha256 for p in workplace.record.partitions()}
    if not has_warehouse:
        with exclusive_home(workplace.home), workplace.warehouse.exclusive():
            for ending in ("", ".wal"):
                workplace.home.warehouse.with_name(f"{workplace.home.warehouse.name}{ending}").unlink(missing_ok=True)
    console.print(f"To rebuild: {len(days)} snapshots, from {days[0]} to {days[-1]}", markup=False)
    results = [run_days(root, run) for run in _runs(workplace, days)]  # each, even if one before it fails
    after = {_name(p): p.sha256 for p in workplace.record.partitions()}
    rebuilt = [name for name in before if name.endswith(tuple(str(day) for day in days))]
    changed = [name for name in rebuilt if after.get(name) != before[name]]
    console.print(f"{len(rebuilt) - len(changed)} of {len(rebuilt)} partitions have the same bytes as before.")
    for name in changed:
        console.print(f"  other bytes: {name}", markup=False)
    return all(results) and not changed


def _days(workplace: Workplace, wrong: Sequence[Damage], *, has_warehouse: bool) -> list[date]:
    if has_warehouse:
        return sorted({each.partition.snapshot for each in wrong})
    scored = workplace.record.partitions(Stage.SCORING, "scored_users")
    return sorted({p.snapshot for p in scored} | {each.partition.snapshot for each in wrong})


def _runs(workplace: Workplace, days: Sequence[date]) -> list[list[date]]:
    """Days that follow each other in the calendar are one run."""
    places = {day: place for place, day in enumerate(workplace.calendar.dates())}
    return [[day for _, day in run] for _, run in groupby(enumerate(days), key=lambda each: places[each[1]] - each[0])]


def _name(partition: Partition) -> str:
    return f"{partition.stage}.{partition.table} of {partition.snapshot}"


def _time_of(file: Path) -> str:
    return f"{datetime.fromtimestamp(file.stat().st_mtime, UTC):%Y-%m-%d %H:%M} UTC"
