"""Connections to DuckDB: in UTC, and always closed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from churn_assets.failures import ODD, Failure

# As in dbt_project/profiles.yml: left alone DuckDB takes 80 % of the machine, and what a query returns lives there too.
MEMORY = "40%"
LOCKED = "Could not set lock"
WAIT_SECONDS, RETRY_SECONDS = 30, 0.2
NEXT_STEPS = {
    LOCKED: "close the file there, or wait, and give the same command again",
    "not a valid DuckDB database": "a warehouse can be rebuilt: delete the file, then churn run",
    "Corrupt database file": "a warehouse can be rebuilt: delete the file, then churn run",
    "Could not read enough bytes": "it is cut off; a warehouse can be rebuilt: delete the file, then churn run",
    "No space left": "free some space on that disk and give the same command again",
    "Permission denied": "let the user who runs churn read and write there",
}


REBUILT = "a warehouse can be rebuilt: churn rebuild --all"
# What a file says that is damaged where DuckDB does not compare.
OF_THE_FILE = (duckdb.FatalException, duckdb.InternalException, duckdb.SerializationException)
NOT_BUILT = "Table with name"


class DuckRefused(Failure, duckdb.IOException, code="warehouse"):
    """A file cannot be opened, read or written; the message is DuckDB's, with file and process, and the next step."""


@contextmanager
def duck(
    file: Path | None = None, *, read_only: bool = False, wait_seconds: float = WAIT_SECONDS
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to `file`, or to an empty database in memory. Raises DuckRefused, naming the process that has it."""
    if file is not None and file.exists() and not file.is_file():
        kind = "is a folder where a file should be: move it away" if file.is_dir() else ODD
        raise DuckRefused(f"{file} {kind}, and give the same command again.")
    try:
        connection = _connect(str(file) if file else ":memory:", read_only=read_only, wait_seconds=wait_seconds)
        try:
            connection.execute(f"set TimeZone = 'UTC'; set memory_limit = '{MEMORY}'")
            yield connection
        finally:
            connection.close()
    except DuckRefused:
        raise  # of a connection within this one
    except duckdb.IOException as error:
        step = next((f"; {step}" for cause, step in NEXT_STEPS.items() if cause in str(error)), "")
        raise DuckRefused(f"{' '.join(str(error).split())}{step}") from error
    except OF_THE_FILE as error:
        if file is None:
            raise
        raise DuckRefused(f"{file}: {' '.join(str(error).split())[:300]}; {REBUILT}.") from error
    except duckdb.CatalogException as error:
        if file is None or NOT_BUILT not in str(error):
            raise
        raise DuckRefused(f"{file}: {str(error).splitlines()[0]} It is not built to its end; {REBUILT}.") from error


def _connect(file: str, *, read_only: bool, wait_seconds: float) -> duckdb.DuckDBPyConnection:
    """Wait for a process that is about to end: a child of a killed run, an analyst's query."""
    deadline = time.monotonic() + wait_seconds
    while True:
        try:
            return duckdb.connect(file, read_only=read_only)
        except duckdb.IOException as error:
            if LOCKED not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(RETRY_SECONDS)
