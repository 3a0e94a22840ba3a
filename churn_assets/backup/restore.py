"""`churn restore`: a home from a backup, built and proven beside its place, and switched in by one rename.

Killed at any point before, the place is as it was, and the same command begins anew. Whoever was erased since the
backup was made stays erased: by the tombstones in the backup (an erasure adds to those of every backup it can reach),
those beside the new home, and those of the home that the backup was made of, where it is still there.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from churn_assets.backup.listing import Listing, NoBackup, read_listing, wrong_file
from churn_assets.backup.make import RECORD
from churn_assets.delivery.receipts import write_receipts
from churn_assets.duck import duck
from churn_assets.erasure.erase import remove_users, sweep_erased
from churn_assets.failures import Failure
from churn_assets.instance.condition import damaged
from churn_assets.instance.durable import fsync
from churn_assets.instance.home import Home
from churn_assets.instance.process_lock import process_lock
from churn_assets.instance.record.second import damage, edited
from churn_assets.instance.record.store import Record
from churn_assets.instance.tables import Tables
from churn_assets.instance.twice import keep_twice
from churn_assets.landing import of_home
from churn_assets.landing.errors import LandingError
from churn_assets.landing.journal import NAME as TOMBSTONES
from churn_assets.landing.journal import Journal
from churn_assets.landing.tombstones import Tombstones
from churn_assets.workplace import Workplace


class NotEmpty(Failure, code="home"):
    """A home is restored into a new or empty folder only."""


class RestoreBusy(Failure, code="busy"):
    """Another restore into the same place is at work."""


@dataclass(frozen=True)
class Restored:
    """`tombstones`: how many users are erased; `lines`: what removing them from the backup's files said."""

    listing: Listing
    tombstones: int
    lines: Sequence[str]


def restore(backup: Path, root: Path, say: Callable[[str], None] = lambda _: None) -> Restored:
    """Make the home at `root`, a new or empty folder, from a backup. Raises NoBackup, NotEmpty, RestoreBusy."""
    listing = read_listing(backup)
    if root.exists() and (not root.is_dir() or any(root.iterdir())):
        raise NotEmpty(f"{root} is not empty: a home is restored into a new folder. Move it away, or name another one.")
    root.parent.mkdir(parents=True, exist_ok=True)
    staging = root.with_name(f".{root.name}.restoring")
    busy = RestoreBusy(f"Another restore into {root} is at work: wait until it has ended.")
    lock = root.with_name(f".{root.name}.restoring.lock")
    with process_lock(lock, busy):
        _clear(staging)
        say(f"Copying {len(listing.files):,} files of {listing.made_at:%Y-%m-%d %H:%M} UTC, and comparing each")
        _copy_all(backup, staging, listing)
        _prove(staging)
        tombstones = _gather_tombstones(backup, staging, root, Path(listing.home))
        say(f"Removing whoever of {tombstones} erased users the backup still has")
        lines = _erase(staging)
        keep_twice(Home(staging))
        _switch_in(staging, root)
    lock.unlink(missing_ok=True)
    return Restored(listing, tombstones, lines)


def _copy_all(backup: Path, staging: Path, listing: Listing) -> None:
    """Copy what is listed, and compare each copy. Raises NoBackup, naming the files that are not what was written."""
    wrong = [f"{each.path} {why}" for each in listing.files if (why := wrong_file(backup, each))]
    if wrong:
        more = f" and {len(wrong) - 1} more" if len(wrong) > 1 else ""
        raise NoBackup(f"{backup} is damaged: {wrong[0]}{more}. Restore an earlier backup; nothing was changed.")
    for each in listing.files:
        target = staging / each.path
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        shutil.copy2(backup / each.path, target)
        target.chmod(0o600)
        fsync(target)
        if why := wrong_file(staging, each):
            raise NoBackup(f"{target} {why} while it was copied: check the disk; nothing was changed.")


def _prove(staging: Path) -> None:
    """The record is whole, and every file it lists is there."""
    if not (staging / RECORD).exists():
        return
    faults = damage(staging / RECORD) or edited(staging / RECORD)
    if faults:
        raise NoBackup(f"The record in the backup is damaged or was edited: {faults[0]}. Restore an earlier backup.")
    home = Home(staging)
    wrong = [each for each in damaged(Tables(home.tables, Record(home.record))) if not each.is_copy]
    if wrong:
        raise NoBackup(f"In the backup {wrong[0].text}. Restore an earlier backup.")


def _gather_tombstones(backup: Path, staging: Path, root: Path, original: Path) -> int:
    """Add to the new home every tombstone that is known; returns how many users are erased."""
    journals = [Journal(root), Journal(original)]
    lines: set[str] = set()
    for file in (backup / TOMBSTONES, *(file for journal in journals for file in (journal.inside, journal.beside))):
        lines |= Journal.lines_of(file)
    Journal(staging).add(sorted(lines))
    return len(Journal(staging).rows())


def _erase(staging: Path) -> list[str]:
    """Remove erased users from the published tables, the record, and the raw tables; returns what was done."""
    workplace = Workplace(home_path=str(staging))
    lines = sweep_erased(workplace)
    users = Tombstones(staging).among(_users_in_landing(workplace))
    if users:
        remove_users(workplace, users)
        lines.append(f"Raw tables had brought erased users back: {len(users)}. They are removed again.")
    if workplace.home.record.exists():
        write_receipts(workplace)  # a dispatch may have been at work: they say what the record says
    return lines


def _users_in_landing(workplace: Workplace) -> Sequence[str]:
    try:
        table = of_home.landed(workplace.home).tables
    except LandingError:  # without raw tables, or kept elsewhere: who is erased is filtered when they are read
        return []
    users: set[str] = set()
    with duck() as connection:
        for each in table.values():
            if "user_id" in each.columns:
                try:
                    rows = connection.execute(f"select distinct user_id from {each.scan}").fetchall()
                except duckdb.Error as error:
                    raise NoBackup(f"Raw table {each.name} of the backup cannot be read: {error}") from error
                users |= {str(user) for (user,) in rows if user is not None}
    return sorted(users)


def _switch_in(staging: Path, root: Path) -> None:
    """Everything on disk, then one rename; the tombstones beside the new home first."""
    beside = Journal(root).beside
    Journal.append_to(beside, sorted(Journal.lines_of(staging / TOMBSTONES) - Journal.lines_of(beside)))
    for folder, _, _ in os.walk(staging):
        fsync(Path(folder))
    staging.rename(root)
    fsync(root.parent)
    Journal(staging).beside.unlink(missing_ok=True)


def _clear(staging: Path) -> None:
    """What an interrupted restore left."""
    if staging.exists():
        shutil.rmtree(staging)
    Journal(staging).beside.unlink(missing_ok=True)
    staging.mkdir(mode=0o700)
