"""The second copy of the record: what is on record can be rebuilt from nothing else, so it exists twice in a home."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, suppress
from datetime import UTC, date, datetime
from pathlib import Path

from churn_assets.instance.durable import fsync
from churn_assets.instance.record import chain
from churn_assets.instance.record.errors import RecordError, explained
from churn_assets.instance.record.opening import as_it_is, writing
from churn_assets.instance.record.schema import Schema

# Python raises the second where a flipped bit makes a text, or a message of SQLite about it, no UTF-8.
UNREADABLE = (sqlite3.DatabaseError, UnicodeDecodeError)
LISTED = 5  # faults that SQLite lists


def damage(file: Path) -> list[str]:
    """What SQLite finds wrong in the pages, indexes and constraints of a record of any schema; it changes nothing."""
    try:
        with as_it_is(file) as connection:
            rows = [str(text) for (text,) in connection.execute(f"pragma integrity_check({LISTED})")]
            if not {"manifest", "facts", "outbox"} <= Schema.of(connection).tables.keys():
                return ["it has no tables of a record"]
            # What SQLite takes for a text: without these days no partition can be read.
            for day, at in connection.execute("select snapshot_date, published_at from manifest"):
                date.fromisoformat(day), datetime.fromisoformat(at)
    except (RecordError, *UNREADABLE, ValueError) as error:
        return [" ".join(str(error).split())]
    return [] if rows == ["ok"] else rows


def edited(file: Path, keys_beside: Path | None = None) -> list[str]:
    """What does not fit the chain of a record of this release; none of another release's, which is upgraded first.

    `keys_beside`: the record whose folder has the key, for a copy.
    """
    try:
        with as_it_is(file) as connection:
            if "chain_head" not in Schema.of(connection).tables:
                return []
            return chain.faults(connection, keys_beside or file)
    except (RecordError, *UNREADABLE) as error:
        return [f"a row cannot be read ({' '.join(str(error).split())})"]


def copy_database(source: Path, target: Path) -> None:
    """Copy a SQLite database that may be in use: one consistent state, on disk under its name when this returns."""
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = target.with_name(f".{os.getpid()}.tmp")
    temporary.unlink(missing_ok=True)
    try:
        os.close(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        with (
            explained(source),
            closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as connection,
            closing(sqlite3.connect(temporary)) as copy,
        ):
            connection.backup(copy)
            # As a file of its own: a write-ahead log would be a second file.
            copy.execute("pragma journal_mode = delete").fetchall()
        fsync(temporary)
        temporary.rename(target)
        fsync(target.parent)
    finally:
        for ending in ("", "-wal", "-shm", "-journal"):
            with suppress(FileNotFoundError):
                temporary.with_name(temporary.name + ending).unlink()


def renew_copy(file: Path, copy: Path) -> bool:
    """Make the second copy as the record is; not where the record is damaged or was edited, when the old copy stays."""
    if not file.exists() or damage(file) or edited(file):
        return False
    copy_database(file, copy)
    return True


def bring_back(file: Path, copy: Path) -> Path:
    """Replace a damaged record by its second copy; returns where the damaged one is kept. Raises RecordError."""
    faults = damage(copy) or edited(copy, file)
    if faults:
        raise RecordError(
            f"The record {file} is damaged, and so is its second copy {copy} ({faults[0]}): restore your newest backup "
            "into an empty folder with churn restore."
        )
    kept = file.with_name(f"{file.name}.damaged.{datetime.now(UTC):%Y%m%dT%H%M%SZ}")
    if file.exists():
        file.rename(kept)
    for ending in ("-wal", "-shm"):
        file.with_name(file.name + ending).unlink(missing_ok=True)  # they belong to the damaged file
    copy_database(copy, file)
    return kept


def accept(file: Path, by: str, reason: str, at: str) -> None:
    """Chain the rows as they are from now on, with who accepted them and why in the audit."""
    with writing(file) as connection:
        connection.execute(
            "insert into audit (at, account, act, subject, detail, address) values (?, ?, 'accept', 'record', ?, '')",
            (at, by, reason),
        )
        chain.begin(connection, file)
