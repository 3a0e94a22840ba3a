"""Errors that a user can fix, shown as one message with cause, place and next step.

Errors of this project derive from `Failure`. Errors of the operating system, SQLite or a lock get a message of the same
form here, for every command. Any other exception is a bug and keeps its traceback.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

import yaml
from filelock import Timeout


class Failure(Exception):
    """An error with a text for the user of the command: what is wrong, where, and what to do next.

    A class of them states its code, a key of failures/codes.py: `class NoPlan(Failure, code="plan")`.
    """

    code: ClassVar[str] = "bug"  # of one that states none, which a test forbids

    def __init_subclass__(cls, code: str | None = None) -> None:
        super().__init_subclass__()
        if code is not None:
            cls.code = code


class WrongArguments(Failure, code="arguments"):
    """What was typed cannot be used."""


WRITABLE = "let the user who runs churn write there, or name another home with --home"
SPACE = "free some space on that disk and give the same command again"
MOVE = "move it away and give the same command again"
SHORTER = "use a home with a shorter path, without links that lead in a circle"
DISK = "check the disk; if it is lost, bring the home back from its backup"
OPEN = "close other programs or raise the limit of open files (ulimit -n), and give the same command again"
WAIT = "wait until the other process has ended and give the same command again"
BACKUP = "bring it back from its backup; what it holds cannot be rebuilt, so do not delete it"
CORRECT = "correct it"  # of YAML: settings say themselves what is wrong, Dagster's file does not
AGAIN = "move it away; it records past runs or trials only, and is rebuilt"
ODD = "is neither a file nor a folder (a pipe, a device): move it away"
RECORD, DAGSTER, WAREHOUSE = "record.sqlite", "dagster", "warehouse.duckdb"  # within a home
# A run and an erasure write the warehouse once more before the old one goes; the rest is logs and published tables.
LEAST_BYTES = 200 << 20
NO_ROOM = (SPACE, os.strerror(errno.ENOSPC), "disk is full")

# Only errors that are about the machine. A missing file (ENOENT) or a wrong argument (EINVAL) is more likely a bug of
# this program, which must not be hidden.
NEXT_STEPS = {
    errno.EACCES: WRITABLE, errno.EPERM: WRITABLE, errno.EROFS: WRITABLE,
    errno.ENOSPC: SPACE, errno.EDQUOT: SPACE, errno.EFBIG: SPACE,
    errno.EEXIST: MOVE, errno.ENOTDIR: MOVE, errno.EISDIR: MOVE,
    errno.ENAMETOOLONG: SHORTER, errno.ELOOP: SHORTER,
    errno.EIO: DISK, errno.ESTALE: DISK,
    errno.EMFILE: OPEN, errno.ENFILE: OPEN,
    errno.EAGAIN: WAIT, errno.ETXTBSY: WAIT,
}  # fmt: skip
KINDS = {
    errno.EEXIST: "a file or folder of that name is in the way",
    errno.ENOTDIR: "a file is where a folder should be",
    errno.EISDIR: "a folder is where a file should be",
}
# Primary result codes, https://www.sqlite.org/rescode.html. All others, such as a wrong statement, are bugs.
SQLITE_STEPS = {
    sqlite3.SQLITE_PERM: WRITABLE, sqlite3.SQLITE_READONLY: WRITABLE, sqlite3.SQLITE_CANTOPEN: WRITABLE,
    sqlite3.SQLITE_BUSY: WAIT, sqlite3.SQLITE_LOCKED: WAIT,
    sqlite3.SQLITE_FULL: SPACE, sqlite3.SQLITE_IOERR: DISK,
    sqlite3.SQLITE_CORRUPT: BACKUP, sqlite3.SQLITE_NOTADB: BACKUP,
}  # fmt: skip
CODES_OF_STEPS = {
    WRITABLE: "permission", SPACE: "disk", DISK: "disk", MOVE: "path", SHORTER: "path", OPEN: "open-files",
    WAIT: "busy", BACKUP: "record", AGAIN: "dagster", CORRECT: "dagster",
}  # fmt: skip
OTHER_TABLES = re.compile(r"no such (table|column)|file is not a database")
SYSTEM_ERROR = re.compile(r"\(os error (\d+)\)")
LITTLE_BYTES = 1 << 20
PRIMARY = 0xFF  # an extended code carries its primary one in the low byte


def error_message(error: BaseException, home: Path) -> str | None:
    """The message to show for `error`; None for a bug. `home`: the place to name if the error names no file."""
    message = _message(error, home)
    if message is None or not any(sign in message for sign in NO_ROOM):
        return message
    return f"{message.removesuffix('.')}. {room(home)}"


def code_of(error: BaseException, message: str) -> str:
    """The code (failures/codes.py) of an error of which `error_message` says `message`."""
    if isinstance(error, Failure):
        return error.code
    return next(code for step, code in CODES_OF_STEPS.items() if step in message)


def needed_bytes(home: Path) -> int:
    """Bytes that have to be free on the disk of a home for what writes most: a run, an erasure."""
    file = home / WAREHOUSE
    return LEAST_BYTES + (file.stat().st_size if file.is_file() else 0)


def room(home: Path) -> str:
    """Sentence: what is free on the disk of a home, and what is needed."""
    place = next((each for each in (home, *home.parents) if each.is_dir()), Path("/"))
    free = shutil.disk_usage(place).free
    return f"On the disk of {home} {free / 1e6:,.0f} MB are free; up to {needed_bytes(home) / 1e6:,.0f} MB are needed."


def _message(error: BaseException, home: Path) -> str | None:
    if isinstance(error, Failure):
        return str(error)
    if isinstance(error, Timeout):
        return f"{error.lock_file} is held by another process: {WAIT}."
    number = _system_number(error)
    if number in NEXT_STEPS:
        kind = KINDS.get(number, os.strerror(number))
        place = getattr(error, "filename", None) or _noted_file(error) or f"in {home}"
        return f"{place}: {kind}; {NEXT_STEPS[number]}."
    if isinstance(error, yaml.MarkedYAMLError):
        mark = error.problem_mark
        is_file = mark is not None and Path(str(mark.name)).is_file()
        return f"{mark.name}, line {mark.line + 1}: {error.problem}; {CORRECT}." if is_file else None
    inner = _sqlite_within(error)
    return None if inner is None else _of_sqlite(error, inner, home)


def _of_sqlite(error: BaseException, inner: sqlite3.Error, home: Path) -> str | None:
    if inner is not error and OTHER_TABLES.search(str(inner)):  # SQLAlchemy's statements fit its own tables
        return f"{home / DAGSTER}: SQLite says: {inner}; {AGAIN}."
    return _sqlite_message(
        inner, _noted_file(error) or _noted_file(inner) or (f"in {home}" if inner is error else f"{home / DAGSTER}")
    )


def next_step(message: str) -> str | None:
    """The next step after an error of which only the text is known, as from DuckDB, dbt or a step of a run."""
    return next((step for number, step in NEXT_STEPS.items() if os.strerror(number) in message), None)


@contextmanager
def naming(file: Path) -> Iterator[None]:
    """Add the name of the file to errors without one, as those of SQLite, for `error_message`."""
    try:
        yield
    except Exception as error:
        error.add_note(str(file))
        raise


def _system_number(error: BaseException) -> int:
    """Number of an error of the operating system, 0 for others. Polars has it in the text only."""
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno
    if isinstance(error, OSError) or type(error).__module__.startswith("polars"):
        match = SYSTEM_ERROR.search(str(error))
        return int(match[1]) if match else 0
    return 0


def _noted_file(error: BaseException) -> str | None:
    notes: list[str] = getattr(error, "__notes__", [])
    return notes[0] if notes else None


def _sqlite_within(error: BaseException | None) -> sqlite3.Error | None:
    """Dagster and Optuna reach SQLite through SQLAlchemy, which wraps its errors, as Optuna wraps those."""
    while error is not None and not isinstance(error, sqlite3.Error):
        error = getattr(error, "orig", None) or error.__cause__
    return error


def _sqlite_message(error: sqlite3.Error, place: str) -> str | None:
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & PRIMARY
    if code == sqlite3.SQLITE_CANTOPEN and Path(place).is_dir() and Path(place).name != DAGSTER:
        return f"{place}: {KINDS[errno.EISDIR]}; {MOVE}."
    step = SQLITE_STEPS.get(code)
    if code == sqlite3.SQLITE_IOERR and Path(place).exists() and shutil.disk_usage(place).free < LITTLE_BYTES:
        step = SPACE  # with a write-ahead log, SQLite reports a full disk as an I/O error
    if step == BACKUP and Path(place).name != RECORD:
        step = AGAIN
    return step and f"{place}: SQLite says: {error}; {step}."
