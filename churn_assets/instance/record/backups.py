"""Backups of the record store that an upgrade makes beside it: complete, on disk, readable by their owner only."""

from __future__ import annotations

import os
import re
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from hashlib import file_digest
from pathlib import Path

from churn_assets.instance.durable import fsync
from churn_assets.instance.record.errors import RecordError

KEPT = 5  # a few releases; each is as large as the record, some 100 KB per 1,000 messages
NAME = re.compile(r"\.schema-\d+\.\d{8}T\d{12}Z\.backup$")


def back_up(file: Path, schema: int) -> Path:
    """Copy the record to `<file>.schema-<number>.<time>.backup`; returns the backup.

    The caller holds the write lock of `file`. A copy equal to the newest backup is not kept: an upgrade that is killed
    several times makes one. On any failure no file stays behind. Raises RecordError.
    """
    temporary = file.with_name(f"{file.name}.backup.tmp")
    temporary.unlink(missing_ok=True)  # of a process that was killed here
    try:
        os.close(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(temporary)) as target:
            source.backup(target)
        fsync(temporary)
        newest = next(iter(backups_of(file)), None)
        if newest and _sha256(newest) == _sha256(temporary):
            return newest
        backup = file.with_name(f"{file.name}.schema-{schema}.{datetime.now(UTC):%Y%m%dT%H%M%S%f}Z.backup")
        temporary.rename(backup)
        fsync(file.parent)
    except OSError as error:
        raise RecordError(
            f"The record {file} is of an older release, and no backup of it can be made ({error}): nothing was "
            "changed. Fix that and run the same command again."
        ) from error
    finally:
        temporary.unlink(missing_ok=True)
    return backup


def backups_of(file: Path) -> list[Path]:
    """Backups of a record, newest first."""
    backups = [path for path in file.parent.glob(f"{file.name}.schema-*.backup") if is_backup(path)]
    return sorted(backups, key=lambda path: path.name.split(".")[-2], reverse=True)


def is_backup(file: Path) -> bool:
    """Whether a file has the name of a backup."""
    return NAME.search(file.name) is not None


def remove_old(file: Path) -> None:
    """Remove all backups but the newest KEPT."""
    for old in backups_of(file)[KEPT:]:
        old.unlink(missing_ok=True)


def _sha256(file: Path) -> str:
    with file.open("rb") as handle:
        return file_digest(handle, "sha256").hexdigest()
