"""Headers and first rows of foreign files, for `churn map`: files of one header are one sample."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from glob import glob, has_magic
from pathlib import Path
from typing import Any

import duckdb

from churn_assets.duck import duck
from churn_assets.landing.csv import DELIMITERS, Shape, bytes_of, open_csv, read_csv_sql
from churn_assets.landing.errors import LandingError
from churn_assets.landing.file_cache import FileCache
from churn_assets.landing.files import (
    OF_NO_KIND,
    SPREADSHEET,
    SPREADSHEETS,
    DataFile,
    Format,
    data_file,
    is_bookkeeping,
    natural_order,
)
from churn_assets.landing.json import open_json, read_json_sql
from churn_assets.landing.parquet import open_parquet, read_parquet_sql
from churn_assets.landing.text import identifier
from churn_assets.sources.fit import Sample

ROWS = 2_000
FIRST_BYTES = 1_000_000
MOST_LINES_BEFORE_HEADER = 30
HIGH_BYTES = re.compile(rb"[\x80-\xff]+")
MOST_EVEN = 0.9


@dataclass(frozen=True)
class Samples:
    """`skipped`: files that are not read, with the reason."""

    samples: tuple[Sample, ...]
    skipped: tuple[str, ...]


def samples_of(places: Sequence[str]) -> Samples:
    """Of folders, files and patterns. Raises LandingError where there is no file at all."""
    files, skipped = _files(places)
    if not files:
        reasons = "".join(f"\n  {reason}" for reason in skipped)
        raise LandingError(f"no file that can be read in {', '.join(places)}{reasons}")
    groups: dict[tuple[Any, ...], list[tuple[DataFile, tuple[str, ...], dict[str, Any]]]] = defaultdict(list)
    with duck() as connection:
        for file in files:
            try:
                columns, reading = _header(connection, file)
            except LandingError as error:
                skipped.append(str(error).removeprefix("landing: "))
                continue
            key = (file.path.parent, file.format, tuple(c.lower() for c in columns), tuple(sorted(reading.items())))
            groups[key].append((file, columns, reading))
        names: set[str] = set()
        samples = []
        for members in groups.values():
            paths = [file.path for file, _, _ in members]
            newest, columns, reading = members[-1]
            name = _name(paths, names)
            samples.append(Sample(name, _pattern(paths), columns, tuple(_rows(connection, newest, reading)), reading))
    return Samples(tuple(samples), tuple(skipped))


def _files(places: Sequence[str]) -> tuple[list[DataFile], list[str]]:
    files: list[DataFile] = []
    skipped = []
    for place in places:
        path = Path(place).expanduser().absolute()
        if path.is_dir():
            paths: Iterable[Path] = (each for each in path.rglob("*") if not is_bookkeeping(each.relative_to(path)))
        elif has_magic(place):
            matching = glob(str(path), recursive=True)  # noqa: PTH207 - Path.glob takes no absolute pattern
            paths = (Path(each) for each in matching)
        else:
            paths = [path]
        for each in sorted(paths, key=natural_order):
            if each.is_dir():
                continue
            if not each.exists():
                raise LandingError(f"{each} does not exist: name a folder, a file or a pattern")
            file = data_file(each)
            if file is not None:
                files.append(file)
            elif each.suffix.lower() in SPREADSHEETS:
                skipped.append(f"{each} is {SPREADSHEET}")
            else:
                skipped.append(f"{each} is {OF_NO_KIND}")
    return files, skipped


def _header(connection: duckdb.DuckDBPyConnection, file: DataFile) -> tuple[tuple[str, ...], dict[str, Any]]:
    """Columns as written, and what of encoding and lines before the header differs from the usual."""
    if file.format == Format.PARQUET:
        (opened,) = open_parquet(connection, [file], FileCache(None))
        return tuple(name for name, _ in opened.types), {}
    if file.format == Format.JSON:
        return open_json(connection, file).names, {}
    encoding = _encoding(file)
    skip = _lines_before_header(file, encoding)
    header = open_csv(file, encoding if encoding == "utf-8" else "iso8859-1", None, skip)
    names = header.shape.names
    if encoding != "utf-8":
        names = tuple(name.encode("latin-1").decode(encoding, "replace") for name in names)
    reading: dict[str, Any] = {} if encoding == "utf-8" else {"encoding": encoding}
    return names, reading | ({"skip_lines": skip} if skip else {})


def _rows(connection: duckdb.DuckDBPyConnection, file: DataFile, reading: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The first rows, as text, by the names in the header."""
    encoding = reading.get("encoding", "utf-8")
    if file.format == Format.PARQUET:
        (opened,) = open_parquet(connection, [file], FileCache(None))
        names, sql = [name for name, _ in opened.types], read_parquet_sql([file.path])
    elif file.format == Format.JSON:
        names = list(open_json(connection, file).names)
        sql = read_json_sql(names, [file.path], file.compression)
    else:
        header = open_csv(file, "utf-8" if encoding == "utf-8" else "iso8859-1", None, reading.get("skip_lines", 0))
        names, sql = list(header.shape.columns), read_csv_sql(header.shape, [file.path])
        originals = _originals(header.shape, encoding)
    if file.format != Format.CSV:
        originals = names
    columns = ", ".join(f"cast({identifier(name)} as varchar)" for name in names)
    for row in connection.execute(f"select {columns} from {sql} limit {ROWS}").fetchall():
        yield dict(zip(originals, (_decoded(value, encoding) for value in row), strict=True))


def _originals(shape: Shape, encoding: str) -> list[str]:
    return [str(_decoded(name, encoding)) for name in shape.names]


def _decoded(text: str | None, encoding: str) -> str | None:
    """Text that DuckDB read byte by byte, in its own encoding."""
    if text is None or encoding == "utf-8":
        return text
    return text.encode("latin-1", "replace").decode(encoding, "replace")


def _encoding(file: DataFile) -> str:
    """UTF-8 where it is; else the Chinese one where that gives Chinese words, else the western one."""
    with bytes_of(file) as stream:
        start = stream.read(FIRST_BYTES)
    if start[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise LandingError(f"{file.path} is UTF-16: save it as CSV (UTF-8)")
    try:
        start.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.end < len(start) - 4:  # not a letter that the first megabyte cuts in two
            # A Chinese letter takes two bytes, a western one stands between letters of one byte.
            runs = HIGH_BYTES.findall(start)
            return "gb18030" if sum(len(run) % 2 == 0 for run in runs) > MOST_EVEN * len(runs) else "cp1252"
    return "utf-8"


def _lines_before_header(file: DataFile, encoding: str) -> int:
    """Lines of explanation above the header, which have fewer separators than it."""
    with bytes_of(file) as stream:
        lines = stream.read(FIRST_BYTES).decode(encoding, "replace").splitlines()[: 2 * MOST_LINES_BEFORE_HEADER]
    delimiter = max(DELIMITERS, key=lambda sign: sum(line.count(sign) for line in lines))
    most = max((line.count(delimiter) for line in lines), default=0)
    for number, line in enumerate(lines[:MOST_LINES_BEFORE_HEADER]):
        if most and line.count(delimiter) >= most / 2 and not line.strip().startswith("#"):
            return number
    return 0


def _pattern(paths: Sequence[Path]) -> str:
    """What names these files, and those of later weeks: numbers in a name may differ."""
    newest = paths[-1]
    pattern = re.sub(r"\d[\d_.T-]*\d|\d", "*", newest.stem.removesuffix(".csv").removesuffix(".json"))
    pattern = re.sub(r"\*+", "*", pattern)
    if "*" not in pattern and len(paths) == 1:
        return str(newest)
    suffix = newest.name[len(newest.stem) :] if "." not in newest.stem else newest.name[newest.name.index(".") :]
    whole = f"{newest.parent}/{pattern}{suffix}"
    matching = {Path(each) for each in glob(whole)}  # noqa: PTH207 - Path.glob takes no absolute pattern
    alike = matching >= set(paths) and pattern.strip("*_-. ")
    return whole if alike else str(newest) if len(paths) == 1 else f"{newest.parent}/*{suffix}"


def _name(paths: Sequence[Path], taken: set[str]) -> str:
    """Of a source, by its newest file."""
    stem = paths[-1].name.split(".")[0]
    name = re.sub(r"[^a-z0-9]+", "_", re.sub(r"\d+", "", stem).lower()).strip("_")[:40] or "source"
    number, base = 2, name
    while name in taken:
        name, number = f"{base}_{number}", number + 1
    taken.add(name)
    return name
