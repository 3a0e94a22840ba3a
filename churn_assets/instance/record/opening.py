"""Connections to the record store: for reading one consistent state, or for one write transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

from churn_assets.instance.record.chain import chained
from churn_assets.instance.record.errors import UNWRITABLE, RecordError, explained, primary_code
from churn_assets.instance.record.upgrade import WAIT_SECONDS, is_newest, upgrade, write_ahead


@contextmanager
def reading(file: Path) -> Iterator[sqlite3.Connection]:
    """A read transaction; it blocks no writer and waits for none. Raises RecordError."""
    with explained(file), closing(_connect(file)) as connection:
        connection.execute("pragma query_only = on")
        connection.execute("begin")
        yield connection


@contextmanager
def writing(file: Path) -> Iterator[sqlite3.Connection]:
    """One writer at a time; on disk when the block ends, undone when it raises. Raises RecordError."""
    with explained(file), closing(_connect(file)) as connection:
        write_ahead(connection)
        connection.execute("pragma synchronous = full")
        connection.execute("begin immediate")
        with chained(connection, file):
            yield connection
        connection.execute("commit")


def empty_log(file: Path) -> None:
    """Move the write-ahead log into the file and cut it to nothing, as far as no reader needs it."""
    with explained(file), closing(_connect(file)) as connection:
        connection.execute("pragma wal_checkpoint(truncate)").fetchall()


@contextmanager
def as_it_is(file: Path) -> Iterator[sqlite3.Connection]:
    """A read transaction on a record of any schema, which is neither made nor upgraded. Raises RecordError."""
    if not file.is_file():
        raise RecordError(f"The record {file} is missing: bring it back with churn restore, from your newest backup.")
    with explained(file), closing(_open(file)) as connection:
        connection.execute("pragma query_only = on")
        connection.execute("begin")
        yield connection


def _connect(file: Path) -> sqlite3.Connection:
    """A connection to a record of the newest schema."""
    connection = _open(file)
    if not is_newest(connection):
        connection.close()
        upgrade(file)
        connection = _open(file)
    return connection


def _open(file: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(file, timeout=WAIT_SECONDS, isolation_level=None)
    try:
        is_newest(connection)
    except sqlite3.OperationalError as error:
        connection.close()
        if primary_code(error) not in UNWRITABLE or not _is_at_rest(file):
            raise
        # Readers of a log share memory in a file beside it. Where that cannot be made, there is no writer either.
        return sqlite3.connect(f"file:{quote(str(file))}?immutable=1", uri=True, isolation_level=None)
    return connection


def _is_at_rest(file: Path) -> bool:
    """Whether all data are in the file itself, and none in its log."""
    wal = file.with_name(f"{file.name}-wal")
    return file.is_file() and not (wal.exists() and wal.stat().st_size)
