"""Errors of the file of the record store, each with the next step."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from churn_assets.failures import ODD, WRITABLE, Failure

UNWRITABLE = (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM)
NO_ROOM = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR)
DAMAGED = (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT)
NO_TEXT = "decode to UTF-8"
PRIMARY = 0xFF  # an extended code has its primary one in the last byte

STEPS = (
    (UNWRITABLE, WRITABLE),
    (NO_ROOM, "the disk is full or failing; nothing of this step was kept. Make room and run the same command again."),
    (
        DAMAGED,
        (
            "it is no SQLite database or a damaged one. Do not delete it: move it away and restore your newest backup "
            "(those of upgrades are {name}.schema-*.backup)."
        ),
    ),
    ((sqlite3.SQLITE_BUSY,), "another process has been writing to it for a minute; wait until that has ended."),
)


class RecordError(Failure, RuntimeError, code="record"):
    """The record store cannot be used as it is; the message names the file, why, and what to do."""


@contextmanager
def explained(file: Path) -> Iterator[None]:
    """Raises errors of the file itself as RecordError; errors of a statement, such as a trigger's, stay unchanged."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        what_to_do = _what_to_do(error, file)
        if what_to_do is None:
            raise
        raise RecordError(f"The record {file} cannot be used ({error}): {what_to_do}") from error


def primary_code(error: sqlite3.Error) -> int | None:
    """SQLite's own code of an error; None where the Python module raised it."""
    code = getattr(error, "sqlite_errorcode", None)
    return None if code is None else code & PRIMARY


def _what_to_do(error: sqlite3.DatabaseError, file: Path) -> str | None:
    code = primary_code(error)
    if file.exists() and not file.is_file():
        is_folder = "a folder is where a file should be; move it away"
        return is_folder if file.is_dir() else f"it {ODD}, and bring the record back with churn heal"
    if NO_TEXT in str(error):  # raised by Python, where a flipped bit makes a text no UTF-8
        return "a bit of it has flipped: bring it back with churn heal"
    step = next((step for codes, step in STEPS if code in codes), None)
    return None if step is None else step.format(name=file.name)
