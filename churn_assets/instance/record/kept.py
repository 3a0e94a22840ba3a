"""Connections to the record store that stay open, for a server: opening one takes longer than what a request asks.

The last connection that closes empties the write-ahead log, so a server that opened one per request would write at
every read.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import local

from churn_assets.instance.record.chain import chained
from churn_assets.instance.record.errors import explained
from churn_assets.instance.record.opening import reading
from churn_assets.instance.record.upgrade import WAIT_SECONDS

MEMORY = "pragma cache_size = -512"  # KB per connection; SQLite's own choice is 2 MB


class KeptRecord:
    """One connection per thread. Raises RecordError as the record store does.

    `flush` has to be called every second or so: no other call moves the log into the file, which takes 50 ms on a busy
    disk (2026-11), and one in a hundred requests would wait for it.
    """

    def __init__(self, file: Path) -> None:
        self.file, self._own = file, local()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """One consistent state; it waits for no writer."""
        with self._transaction("begin") as connection:
            yield connection

    @contextmanager
    def writing(self, *, is_flushed: bool = True) -> Iterator[sqlite3.Connection]:
        """A write transaction, undone when it raises. It is on disk when the block ends; if not `is_flushed`, the
        operating system has it: a kill loses nothing, a power failure what came since the last flush.
        """
        with explained(self.file):
            self._connection().execute(f"pragma synchronous = {'full' if is_flushed else 'normal'}")
        with self._transaction("begin immediate") as connection, chained(connection, self.file):
            yield connection

    def flush(self) -> None:
        """Everything that was written is on disk after this. It waits for nobody, and nobody for it."""
        with explained(self.file):
            self._connection().execute("pragma wal_checkpoint(passive)").fetchall()

    def version(self) -> int:
        """A number that is another one once another connection, of this thread or not, has written."""
        with explained(self.file):
            (version,) = self._connection().execute("pragma data_version").fetchone()
        return int(version)

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[sqlite3.Connection]:
        with explained(self.file):
            connection = self._connection()
            connection.execute(begin)
            try:
                yield connection
            except BaseException:
                connection.execute("rollback")
                raise
            connection.execute("commit")

    def _connection(self) -> sqlite3.Connection:
        """The thread's own, opened again where another file has taken the place (a home that was restored)."""
        inode = self.file.stat().st_ino if self.file.exists() else None
        kept: sqlite3.Connection | None = getattr(self._own, "connection", None)
        if kept is None or inode != self._own.inode:
            if kept is not None:
                kept.close()
            with reading(self.file):  # makes it, or brings it to the newest schema
                pass
            kept = sqlite3.connect(self.file, timeout=WAIT_SECONDS, isolation_level=None)
            kept.execute("pragma wal_autocheckpoint = 0")
            kept.execute(MEMORY)
            self._own.connection, self._own.inode = kept, self.file.stat().st_ino
        return kept
