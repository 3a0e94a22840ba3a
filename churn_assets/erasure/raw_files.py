"""Users in files of raw rows, in every format of the landing: text, JSON, Parquet, compressed or not."""

from __future__ import annotations

import csv
import gzip
import io
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import polars as pl
import zstandard

from churn_assets.erasure.traces import KEY_COLUMNS, Traces
from churn_assets.landing.csv import DELIMITERS, text_of
from churn_assets.landing.files import DataFile, Format, data_file
from churn_assets.landing.ids import same_id

csv.field_size_limit(sys.maxsize)  # texts of users may be long
MARK = "\ufeff"
KEYS = ("user_id", "order_id", *KEY_COLUMNS)


@dataclass(frozen=True)
class RawRecord:
    """Text of a row as in the file, and its ids in canonical form; a header has no ids."""

    text: str
    ids: dict[str, str]

    def is_theirs(self, traces: Traces) -> bool:
        if self.ids.get("user_id"):
            return self.ids["user_id"] in traces.users
        if "user_id" in self.ids and traces.is_in(self.text):  # refused for its missing id, and with their address
            return True
        return self.ids.get("order_id") in traces.orders or any(self.ids.get(key) in traces.keys for key in KEY_COLUMNS)


def rows_in(file: Path, traces: Traces, encoding: str = "utf-8") -> int:
    """Number of rows that are the users' or name them."""
    data = _data(file)
    if data.format != Format.PARQUET:
        return sum(record.is_theirs(traces) or traces.is_in(record.text) for record in records(data, encoding))
    rows = pl.scan_parquet(file, hive_partitioning=False)
    count: int = rows.select(traces.rows_or_words(rows.collect_schema()).sum()).collect(engine="streaming").item()
    return count


def without(file: Path, traces: Traces, encoding: str = "utf-8") -> Callable[[Path], object] | None:
    """A function that writes the file without the users; None where the file does not hold them."""
    data = _data(file)
    if data.format == Format.PARQUET:
        return _parquet_without(file, traces)
    all_records = list(records(data, encoding))
    remaining = [record.text for record in all_records if not record.is_theirs(traces)]
    return (
        partial(_write, "".join(remaining), encoding, data.compression) if len(remaining) < len(all_records) else None
    )


def records(data: DataFile, encoding: str) -> Iterator[RawRecord]:
    """The records of a file, the header of a CSV file first. Bytes outside the encoding stay unchanged."""
    with text_of(data, encoding, errors="surrogateescape", keeps_mark=True) as handle:
        yield from _csv(handle) if data.format == Format.CSV else _json(handle)


def values_in(file: Path, columns: Sequence[str], encoding: str = "utf-8") -> Iterator[tuple[str | None, ...]]:
    """Values of these columns in every row, as in the file; None for a missing column."""
    data = _data(file)
    if data.format == Format.PARQUET:
        rows = pl.scan_parquet(file, hive_partitioning=False)
        names = {name.lower(): name for name in rows.collect_schema().names()}
        selected = [pl.col(names[c]).cast(pl.String) if c in names else pl.lit(None, pl.String) for c in columns]
        numbered = [column.alias(str(number)) for number, column in enumerate(selected)]
        yield from rows.select(numbered).collect(engine="streaming").iter_rows()
        return
    with text_of(data, encoding, errors="surrogateescape") as handle:
        for row in _rows(handle, data.format):
            yield tuple(row.get(column) for column in columns)


def _rows(handle: io.TextIOBase, form: Format) -> Iterator[dict[str, str]]:
    if form == Format.CSV:
        line = handle.readline()
        names = [name.strip().lower() for name in next(csv.reader([line], delimiter=_delimiter(line)), [])]
        for values in csv.reader(handle, delimiter=_delimiter(line)):
            yield dict(zip(names, values, strict=False))
        return
    for record in _json(handle):
        row = json.loads(record.text) if record.text.strip() else {}
        yield {str(name).strip().lower(): str(value) for name, value in row.items() if value is not None}


def _delimiter(header: str) -> str:
    return max(DELIMITERS, key=header.count)


def _csv(handle: io.TextIOBase) -> Iterator[RawRecord]:
    lines = handle.readlines()
    if not lines:
        return
    reader = csv.reader(lines, delimiter=_delimiter(lines[0]))
    names = [name.removeprefix(MARK).strip().lower() for name in next(reader)]
    positions = [(name, names.index(name)) for name in KEYS if name in names]
    yield RawRecord("".join(lines[: reader.line_num]), {})
    lines_read = reader.line_num
    for values in reader:
        ids = {name: same_id(values[place]) for name, place in positions if place < len(values)}
        yield RawRecord("".join(lines[lines_read : reader.line_num]), ids)
        lines_read = reader.line_num


def _json(handle: io.TextIOBase) -> Iterator[RawRecord]:
    text = handle.read()
    if text.lstrip(MARK).lstrip().startswith("["):
        # Written as one object a line, which the landing reads too, so that a row can be removed.
        for each in json.loads(text.removeprefix(MARK)):
            yield RawRecord(json.dumps(each, ensure_ascii=False) + "\n", _ids(each))
        return
    for line in text.splitlines(keepends=True):
        yield RawRecord(line, _ids(json.loads(line)) if line.strip() else {})


def _ids(row: object) -> dict[str, str]:
    if not isinstance(row, dict):
        return {}
    by_name = {str(name).strip().lower(): value for name, value in row.items()}
    return {name: same_id(str(by_name[name])) for name in KEYS if by_name.get(name) is not None}


def _parquet_without(file: Path, traces: Traces) -> Callable[[Path], object] | None:
    rows = pl.scan_parquet(file, hive_partitioning=False)
    schema = rows.collect_schema()
    theirs = traces.rows(schema.names())
    user_id = next((name for name in schema.names() if name.lower() == "user_id"), None)
    if user_id:  # as in a text file
        theirs |= pl.col(user_id).is_null() & traces.rows_or_words(schema)
    has_theirs = rows.select(theirs.any()).collect(engine="streaming").item()
    return rows.filter(~theirs).sink_parquet if has_theirs else None


def _write(text: str, encoding: str, compression: str | None, target: Path) -> None:
    content = text.encode(encoding, "surrogateescape")
    if compression == "gzip":
        content = gzip.compress(content, mtime=0)
    elif compression == "zstd":
        content = zstandard.ZstdCompressor().compress(content)
    target.write_bytes(content)


def _data(file: Path) -> DataFile:
    """The format by name, else by content: a file of raw rows may have lost its ending."""
    data = data_file(file)
    if data is not None and (data.format != Format.PARQUET or _is_parquet(file)):
        return data
    return DataFile(file, Format.PARQUET if _is_parquet(file) else Format.CSV)


def _is_parquet(file: Path) -> bool:
    with file.open("rb") as handle:
        return handle.read(4) == b"PAR1"
