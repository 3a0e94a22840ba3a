"""A user in files of raw rows, in every format the landing reads: text, JSON, Parquet, packed or not."""

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

csv.field_size_limit(sys.maxsize)  # words of users may be long
MARK = "\ufeff"
KEYS = ("user_id", "order_id", *KEY_COLUMNS)


@dataclass(frozen=True)
class RawRecord:
    """Text of a row as the file has it, and its ids in their canonical form; of a header there are none."""

    text: str
    ids: dict[str, str]

    def is_theirs(self, traces: Traces) -> bool:
        if "user_id" in self.ids:
            return self.ids["user_id"] in traces.users
        return self.ids.get("order_id") in traces.orders or any(self.ids.get(key) in traces.keys for key in KEY_COLUMNS)


def rows_in(file: Path, traces: Traces, encoding: str = "utf-8") -> int:
    """Rows that are the users' or name them."""
    data = _data(file)
    if data.format != Format.PARQUET:
        return sum(record.is_theirs(traces) or traces.is_in(record.text) for record in records(data, encoding))
    rows = pl.scan_parquet(file, hive_partitioning=False)
    found: int = rows.select(traces.rows_or_words(rows.collect_schema()).sum()).collect(engine="streaming").item()
    return found


def without(file: Path, traces: Traces, encoding: str = "utf-8") -> Callable[[Path], object] | None:
    """Writes the file without the users; None where it does not hold them."""
    data = _data(file)
    if data.format == Format.PARQUET:
        return _parquet_without(file, traces)
    found = list(records(data, encoding))
    kept = [record.text for record in found if not record.is_theirs(traces)]
    return partial(_write, "".join(kept), encoding, data.compression) if len(kept) < len(found) else None


def records(data: DataFile, encoding: str) -> Iterator[RawRecord]:
    """Of separated values the header first. Bytes that are not of the encoding come back as they were."""
    with text_of(data, encoding, errors="surrogateescape", keeps_mark=True) as handle:
        yield from _csv(handle) if data.format == Format.CSV else _json(handle)


def values_in(file: Path, columns: Sequence[str], encoding: str = "utf-8") -> Iterator[tuple[str | None, ...]]:
    """Those columns of every row, as the file has them; None for what it does not have."""
    data = _data(file)
    if data.format == Format.PARQUET:
        rows = pl.scan_parquet(file, hive_partitioning=False)
        held = {name.lower(): name for name in rows.collect_schema().names()}
        picked = [pl.col(held[c]).cast(pl.String) if c in held else pl.lit(None, pl.String) for c in columns]
        named = [column.alias(str(number)) for number, column in enumerate(picked)]
        yield from rows.select(named).collect(engine="streaming").iter_rows()
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
        found = json.loads(record.text) if record.text.strip() else {}
        yield {str(name).strip().lower(): str(value) for name, value in found.items() if value is not None}


def _delimiter(header: str) -> str:
    return max(DELIMITERS, key=header.count)


def _csv(handle: io.TextIOBase) -> Iterator[RawRecord]:
    lines = handle.readlines()
    if not lines:
        return
    reader = csv.reader(lines, delimiter=_delimiter(lines[0]))
    names = [name.removeprefix(MARK).strip().lower() for name in next(reader)]
    at = [(name, names.index(name)) for name in KEYS if name in names]
    yield RawRecord("".join(lines[: reader.line_num]), {})
    read = reader.line_num
    for values in reader:
        ids = {name: same_id(values[place]) for name, place in at if place < len(values)}
        yield RawRecord("".join(lines[read : reader.line_num]), ids)
        read = reader.line_num


def _json(handle: io.TextIOBase) -> Iterator[RawRecord]:
    text = handle.read()
    if text.lstrip(MARK).lstrip().startswith("["):
        # As one object a line, which is read as well: so a row can be taken out.
        for each in json.loads(text.removeprefix(MARK)):
            yield RawRecord(json.dumps(each, ensure_ascii=False) + "\n", _ids(each))
        return
    for line in text.splitlines(keepends=True):
        yield RawRecord(line, _ids(json.loads(line)) if line.strip() else {})


def _ids(found: object) -> dict[str, str]:
    if not isinstance(found, dict):
        return {}
    by_name = {str(name).strip().lower(): value for name, value in found.items()}
    return {name: same_id(str(by_name[name])) for name in KEYS if by_name.get(name) is not None}


def _parquet_without(file: Path, traces: Traces) -> Callable[[Path], object] | None:
    rows = pl.scan_parquet(file, hive_partitioning=False)
    theirs = traces.rows(rows.collect_schema().names())
    is_in = rows.select(theirs.any()).collect(engine="streaming").item()
    return rows.filter(~theirs).sink_parquet if is_in else None


def _write(text: str, encoding: str, compression: str | None, target: Path) -> None:
    content = text.encode(encoding, "surrogateescape")
    if compression == "gzip":
        content = gzip.compress(content, mtime=0)
    elif compression == "zstd":
        content = zstandard.ZstdCompressor().compress(content)
    target.write_bytes(content)


def _data(file: Path) -> DataFile:
    """By the name, else by the content: a file of raw rows may have lost its ending."""
    found = data_file(file)
    if found is not None and (found.format != Format.PARQUET or _is_parquet(file)):
        return found
    return DataFile(file, Format.PARQUET if _is_parquet(file) else Format.CSV)


def _is_parquet(file: Path) -> bool:
    with file.open("rb") as handle:
        return handle.read(4) == b"PAR1"
