"""A user in files of raw rows that are the home's own: its landing, and what channels have sent back (received/)."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

import polars as pl

from churn_assets.defs.erasure.csv_records import ENCODING, ERRORS, csv_records
from churn_assets.defs.erasure.traces import Traces
from churn_assets.defs.storage.files import write_whole


def rows_in(file: Path, traces: Traces) -> int:
    """Rows that are the users' or name them."""
    if file.suffix == ".csv":
        return sum(record.is_theirs(traces) or traces.is_in(record.text) for record in csv_records(file))
    rows = pl.scan_parquet(file, hive_partitioning=False)
    theirs = traces.rows_or_words(rows.collect_schema())
    found: int = rows.select(theirs.sum()).collect(engine="streaming").item()
    return found


def remove(files: Iterable[Path], traces: Traces) -> None:
    """Write each file that holds the users anew without their rows, and with its old time: nothing has been delivered.

    The orders come last: they alone say which lines of orders are theirs, should this be killed half-way.
    """
    for file in sorted(files, key=lambda file: ("orders" in file.parts, file)):
        write = _csv_without(file, traces) if file.suffix == ".csv" else _parquet_without(file, traces)
        if write:
            stat = file.stat()
            write_whole(file.resolve(), write)
            os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns))
            file.chmod(stat.st_mode & 0o7777)


def _csv_without(file: Path, traces: Traces) -> Callable[[Path], object] | None:
    """Writes the file without the users; None where it does not hold them."""
    records = list(csv_records(file))
    kept = [record.text for record in records if not record.is_theirs(traces)]
    return partial(_write, "".join(kept)) if len(kept) < len(records) else None


def _parquet_without(file: Path, traces: Traces) -> Callable[[Path], object] | None:
    rows = pl.scan_parquet(file, hive_partitioning=False)
    theirs = traces.rows(rows.collect_schema().names())
    is_in = rows.select(theirs.any()).collect(engine="streaming").item()
    return rows.filter(~theirs).sink_parquet if is_in else None


def _write(text: str, target: Path) -> None:
    target.write_text(text, ENCODING, ERRORS, newline="")
