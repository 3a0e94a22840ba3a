"""Opening DuckDB: in UTC, and closed on every way out."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

HELD = "Could not set lock"
WAIT_SECONDS, RETRY_SECONDS = 30, 0.2


@contextmanager
def duck(
    file: Path | None = None, *, read_only: bool = False, wait_seconds: float = WAIT_SECONDS
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to `file`, or to an empty database in memory. Raises duckdb.IOException naming who has it open."""
    connection = _connect(str(file) if file else ":memory:", read_only=read_only, wait_seconds=wait_seconds)
    try:
        connection.execute("set TimeZone = 'UTC'")
        yield connection
    finally:
        connection.close()


def _connect(file: str, *, read_only: bool, wait_seconds: float) -> duckdb.DuckDBPyConnection:
    """Waits for a process that is about to go: a child of a killed run, an analyst's query."""
    deadline = time.monotonic() + wait_seconds
    while True:
        try:
            return duckdb.connect(file, read_only=read_only)
        except duckdb.IOException as error:
            if HELD not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(RETRY_SECONDS)
