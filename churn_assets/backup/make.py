"""`churn backup`: a home as it is on record at one moment, while runs and dispatches go on.

The record is copied first, in one state (SQLite's own backup); then the files that this state names. They never change
under their names; where one was replaced and swept meanwhile, the record is copied once more. Files of which the record
says nothing follow, tombstones last, so that whoever is erased meanwhile is erased in the backup, too. The warehouse is
left out: it is rebuilt from the landing. So are second copies, locks, caches, and what dbt and Dagster log.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from churn_assets.backup.listing import NAME, Copied, Listing, NoBackup, write_listing
from churn_assets.failures import Failure
from churn_assets.instance.durable import fsync
from churn_assets.instance.files import TEMPORARY, sha256_of, write_copy
from churn_assets.instance.home import PULLED, Home
from churn_assets.instance.known_backups import NewestBackup, add_folder, note_newest
from churn_assets.instance.record.errors import RecordError
from churn_assets.instance.record.second import copy_database, damage
from churn_assets.instance.record.store import Partition, Record
from churn_assets.instance.record.upgrade import PROGRAM
from churn_assets.landing.journal import NAME as TOMBSTONES

RECORD = "record.sqlite"
ATTEMPTS = 5
# Beside the record and the published tables. The landing can be large: it may be left out where the shop keeps it.
FOLDERS = ("received", PULLED, "dispatched", "secrets", "masking", "reports", "tuning", "models", "landing")
DATABASES = "dagster"
LANDING = "landing"


class CannotBackUp(Failure, code="backup"):
    """A home cannot be backed up as it is."""


def back_up(home: Home, folder: Path, *, with_landing: bool = True) -> Listing:
    """Back `home` up into `folder`, which is new or empty. Raises NoBackup, CannotBackUp, RecordError, OSError."""
    _refuse(home, folder)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if home.record.exists():  # before anything is copied: from now on an erasure knows of this backup
        add_folder(Record(home.record), folder.resolve())
    made_at, partitions = _record_and_tables(home, folder)
    for name in FOLDERS:
        # Behind a link lies what is kept elsewhere, and may be much.
        if (name != LANDING or with_landing) and not (home.root / name).is_symlink():
            _copy_tree(home.root / name, folder / name)
    for file in (home.settings_file, home.mapping_file):
        if file.exists():
            _copy(file, folder / file.name)
    for database in sorted((home.root / DATABASES).rglob("*.db")):
        with suppress(RecordError):  # of past runs only, and made again
            copy_database(database, folder / database.relative_to(home.root))
    listing = Listing(str(home.root.resolve()), PROGRAM, made_at, sorted(_listed(folder), key=lambda each: each.path))
    tombstones = home.root / TOMBSTONES
    if tombstones.exists():
        _copy(tombstones, folder / TOMBSTONES)  # not listed: an erasure adds to it
    _refuse_incomplete(folder, partitions)
    for each in [path for path in folder.rglob("*") if path.is_dir()]:
        fsync(each)  # the names in it; that of the listing says that all are there
    write_listing(folder, listing)
    if home.record.exists():
        note_newest(Record(home.record), NewestBackup(made_at, folder.resolve()))
    return listing


def _refuse(home: Home, folder: Path) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise NoBackup(f"{folder} is not empty: name a new folder for each backup, such as {folder / 'monday'}.")
    if folder.resolve().is_relative_to(home.root.resolve()):
        raise NoBackup(f"{folder} lies in the home itself, and would be lost with it: name a folder elsewhere.")
    if home.record.exists() and (faults := damage(home.record)):
        raise CannotBackUp(f"The record {home.record} is damaged ({faults[0]}): churn heal first.")


def _record_and_tables(home: Home, folder: Path) -> tuple[datetime, list[Partition]]:
    """Copy the record, and the partitions that it lists."""
    if not home.record.exists():
        return _now(), []
    for _ in range(ATTEMPTS):
        made_at = _now()
        copy_database(home.record, folder / RECORD)
        partitions = Record(folder / RECORD).partitions()
        wanted = {partition.path for partition in partitions}
        for file in [file for file in (folder / "tables").rglob("*") if file.is_file()]:
            if str(file.relative_to(folder / "tables")) not in wanted:
                file.unlink()  # replaced since the last attempt
        if all(_copied(home, folder, partition) for partition in partitions):
            return made_at, partitions
    raise CannotBackUp(
        f"Published files of {home.root} are missing, or change faster than they can be copied: churn verify --files "
        "says which; churn heal and churn rebuild bring them back."
    )


def _copied(home: Home, folder: Path, partition: Partition) -> bool:
    """Whether the file of a partition is in the backup, as it was published."""
    target = folder / "tables" / partition.path
    sources = [home.tables / partition.path]
    sources += [home.copies / "tables" / partition.path] if partition.is_sealed else []
    for source in sources:
        if target.exists() and sha256_of(target) == partition.sha256:
            return True
        with suppress(FileNotFoundError):
            write_copy(source, target)
    return target.exists() and sha256_of(target) == partition.sha256


def _copy_tree(source: Path, target: Path) -> None:
    """Copy a folder; files that are written meanwhile are whole, as they are renamed into place."""
    for folder, _, names in os.walk(source):
        for name in names:
            file = Path(folder) / name
            if not name.endswith(TEMPORARY) and file.is_file():
                with suppress(FileNotFoundError):  # replaced meanwhile: the record says nothing of it
                    _copy(file, target / file.relative_to(source))


def _copy(source: Path, target: Path) -> None:
    """With its time: raw files are told from new deliveries by it."""
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = target.with_name(f".{os.getpid()}{TEMPORARY}")
    shutil.copyfile(source, temporary)
    shutil.copystat(source, temporary)
    temporary.chmod(0o600)
    fsync(temporary)
    temporary.rename(target)


def _listed(folder: Path) -> Iterator[Copied]:
    for file in folder.rglob("*"):
        if file.is_file() and file.name not in (NAME, TOMBSTONES) and not file.name.endswith(("-wal", "-shm")):
            yield Copied(str(file.relative_to(folder)), file.stat().st_size, sha256_of(file))


def _refuse_incomplete(folder: Path, partitions: list[Partition]) -> None:
    missing = [p.path for p in partitions if not (folder / "tables" / p.path).exists()]
    if missing:
        raise CannotBackUp(f"{missing[0]} was not copied to {folder}: give the same command with a new folder.")


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)
