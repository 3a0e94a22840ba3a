"""The bare loop of the backfill: the statement written by hand, once per snapshot, in one process.

`python -m benchmarks.features_loop LANDING SNAPSHOT [SNAPSHOT ...]`. It reads the files anew for every snapshot, but
only the rows of the longest window.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import duckdb

from benchmarks.features_by_hand import statement


def main() -> None:
    landing, *days = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute("set preserve_insertion_order = false")
        for day in days:
            connection.execute(f"copy ({statement(Path(landing), day)}) to '{folder}/{day}.parquet'")


if __name__ == "__main__":
    main()
