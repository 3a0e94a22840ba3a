"""Rows of a table by user: found in a fraction of a millisecond, in memory that the system can take back.

A table is copied once, ordered by the position of the user, into a file without a name that is mapped into memory. It
is gone with the process, so an erasure has no file more to look through.
"""

from __future__ import annotations

import hashlib
import mmap
import tempfile
from bisect import bisect_right
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from churn_assets.duck import duck

Row = dict[str, Any]
BATCH_ROWS = 50_000
MEMORY = "512MB"  # for sorting; DuckDB writes what is more into a folder that it removes
HEX = 16  # hex digits of a position


def position_of(key: str, user: str) -> int:
    """Where a user stands among all: the same at every snapshot, and nothing can be read from it without the key."""
    return int(hashlib.sha256((key + user).encode()).hexdigest()[:HEX], 16)


class Lookup:
    """`rows_sql`: rows with a user_id; `order`: further columns by which the rows of one user are ordered."""

    def __init__(self, rows_sql: str, key: str, folder: Path, order: tuple[str, ...] = ()) -> None:
        self._key = key
        position = f"cast('0x' || left(sha256('{key}' || user_id), {HEX}) as ubigint)"
        by = ", ".join(("position", "user_id", *order))
        sql = f"select *, {position} as position from ({rows_sql}) order by {by}"
        with tempfile.TemporaryFile(dir=folder) as file:
            with tempfile.TemporaryDirectory(dir=folder, prefix="lookup-") as spill, duck() as connection:
                path = spill.replace("'", "''")
                # One thread: the other core answers requests meanwhile.
                connection.execute(f"set memory_limit = '{MEMORY}'; set threads = 1; set temp_directory = '{path}'")
                reader = connection.sql(sql).to_arrow_reader(BATCH_ROWS)
                with pa.ipc.new_file(file, reader.schema) as writer:
                    for batch in reader:
                        writer.write_batch(batch)
            file.flush()
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        opened = pa.ipc.open_file(pa.BufferReader(pa.py_buffer(mapped)))
        read = [opened.get_batch(number) for number in range(opened.num_record_batches)]
        self._batches = [batch.drop_columns(["position"]) for batch in read if batch.num_rows]
        self._positions = [batch.column("position").to_numpy() for batch in read if batch.num_rows]
        self._ends = np.cumsum([len(each) for each in self._positions]).tolist()

    @property
    def height(self) -> int:
        return self._ends[-1] if self._ends else 0

    def rows(self, user: str) -> list[Row]:
        """The rows of a user, in order."""
        position = position_of(self._key, user)
        first, end = self._first(position, "left"), self._first(position, "right")
        return [row for row in self._rows(first, end) if row["user_id"] == user]

    def after(self, position: int | None, most: int) -> tuple[list[Row], int | None]:
        """Up to `most` rows of users behind a position (None: from the start), and the position of the last; None where
        no row follows. For tables with one row per user.
        """
        first = 0 if position is None else self._first(position, "right")
        end = min(first + most, self.height)
        if end == self.height:
            return self._rows(first, end), None
        # Two users at one position, which hardly ever is, stay on one page.
        last = self._position(end - 1)
        return self._rows(first, self._first(last, "right")), last

    def _first(self, position: int, side: Any) -> int:
        """How many rows stand before a position, or at it too."""
        before = 0
        for positions, end in zip(self._positions, self._ends, strict=True):
            if positions[-1] > position or (side == "left" and positions[-1] == position):
                return before + int(np.searchsorted(positions, np.uint64(position), side))
            before = end
        return before

    def _position(self, place: int) -> int:
        number = bisect_right(self._ends, place)
        return int(self._positions[number][place - (self._ends[number - 1] if number else 0)])

    def _rows(self, first: int, end: int) -> list[Row]:
        return [row for part in self._parts(first, end) for row in part.to_pylist()]

    def _parts(self, first: int, end: int) -> Iterator[pa.RecordBatch]:
        begin = 0
        for batch, stop in zip(self._batches, self._ends, strict=True):
            low, high = max(first, begin), min(end, stop)
            if low < high:
                yield batch.slice(low - begin, high - low)
            begin = stop
