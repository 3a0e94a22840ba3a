"""Text files with separated values. The header decides the dialect; all values are read as text."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

import duckdb
import zstandard

from churn_assets.contracts.raw import RawTable
from churn_assets.landing.errors import LandingError
from churn_assets.landing.files import DataFile
from churn_assets.landing.text import identifier, literal, literals

DELIMITERS = (",", ";", "\t", "|")
NATIVE = {"utf-8": "utf-8", "iso8859-1": "latin-1", "utf-16": "utf-16", "utf-16-le": "utf-16"}  # of DuckDB
FILE = "landing_file"
# Bytes; DuckDB's own limit is 2 MB, at which the file ends. A row of up to 16 MB is judged by the contract, by which a
# value has at most 1 MB (landing/relation.py).
LONGEST_LINE = 16_000_000


@dataclass(frozen=True)
class Shape:
    """Properties that files share if they are read together. `names`: as in the header; `skip`: lines before it."""

    names: tuple[str, ...]
    delimiter: str
    compression: str | None
    encoding: str
    skip: int = 0

    @property
    def columns(self) -> tuple[str, ...]:
        """The names in lower case, without blanks around them."""
        return tuple(name.strip().lower() for name in self.names)


@dataclass(frozen=True)
class CsvFile:
    """`data` is the path that DuckDB reads: the file itself, or its copy in UTF-8."""

    file: DataFile
    data: Path
    shape: Shape


def read_csv_sql(shape: Shape, files: Sequence[Path]) -> str:
    """SQL relation over files of one shape. A short line is padded with nulls, which the contract judges per row."""
    types = ", ".join(f"{literal(name)}: 'varchar'" for name in shape.columns)
    compression = f", compression = {literal(shape.compression)}" if shape.compression else ""
    return (
        f"read_csv([{literals(files)}], auto_detect = false, header = true, columns = {{{types}}}, "
        f"skip = {shape.skip}, delim = {literal(shape.delimiter)}, quote = '\"', escape = '\"', null_padding = true, "
        f"parallel = false, "
        f"max_line_size = {LONGEST_LINE}, buffer_size = {2 * LONGEST_LINE}, "
        f"hive_partitioning = false, filename = '{FILE}', encoding = '{shape.encoding}'{compression})"
    )


def open_csv(file: DataFile, encoding: str, as_utf8: Path | None, skip: int = 0) -> CsvFile:
    """Header and dialect. `encoding`: as Python names it; one that DuckDB does not read is copied to `as_utf8`.
    `skip`: lines before the header.

    Raises LandingError for a wrong encoding or header, naming the file.
    """
    data, compression, native = file.path, file.compression, NATIVE.get(encoding)
    if native is None:
        if as_utf8 is None:
            raise LandingError(f"{file.path}: there is nowhere to put a copy of it in UTF-8")
        data, compression, native = _in_utf8(file, encoding, as_utf8), None, "utf-8"
    try:
        with text_of(file, encoding) as handle:
            for _ in range(skip):
                handle.readline()
            line = _header_line(handle)
    except (UnicodeError, EOFError, OSError, zstandard.ZstdError) as error:
        raise LandingError(f"{file.path} {_cannot_be_opened(error, encoding)}") from error
    if not line.strip():
        raise LandingError(f"{file.path} is empty: a file of separated values needs a header line")
    delimiter = max(DELIMITERS, key=line.count)
    names = tuple(next(csv.reader([line], delimiter=delimiter)))
    lowered = [name.strip().lower() for name in names]
    repeated = sorted({name for name in lowered if lowered.count(name) > 1})
    if repeated or "" in lowered:
        raise LandingError(
            f"{file.path} has a wrong header: column {', '.join(repeated) or '(without name)'} in {line.strip()!r}"
        )
    return CsvFile(file, data, Shape(names, delimiter, compression, native, skip))


def validate(connection: duckdb.DuckDBPyConnection, csv_file: CsvFile, table: RawTable) -> int:
    """Parse the whole file and return its number of rows. Raises LandingError naming file and line."""
    swallowed = " or ".join(_swallows_lines(csv_file.shape, table)) or "false"
    sql = (
        f"select count(*), count(columns(*)), bool_or({swallowed}) from {read_csv_sql(csv_file.shape, [csv_file.data])}"
    )
    try:
        row = connection.execute(sql).fetchone()
    except duckdb.Error as error:
        raise LandingError(f"{csv_file.file.path} cannot be read as CSV: {_cause(error)}") from error
    if row is None:
        return 0
    if row[-1] or _ends_within_quotes(csv_file):
        line = _line_of_swallowing_quote(csv_file)
        raise LandingError(
            f"{csv_file.file.path}, line {line}: a quote is not closed, so the lines after it are taken for one value: "
            "double the quotes inside a value and close each one"
        )
    return int(row[0])


@contextmanager
def text_of(
    file: DataFile, encoding: str = "utf-8", *, errors: str = "strict", keeps_mark: bool = False
) -> Iterator[io.TextIOBase]:
    """The text of a file, unpacked; line ends as they are. `keeps_mark`: a byte order mark stays in front."""
    if encoding == "utf-8" and not keeps_mark:
        encoding = "utf-8-sig"
    with bytes_of(file) as stream:
        yield io.TextIOWrapper(stream, encoding=encoding, errors=errors, newline="")


@contextmanager
def bytes_of(file: DataFile) -> Iterator[IO[bytes]]:
    with file.path.open("rb") as raw:
        if file.compression == "gzip":
            yield cast("IO[bytes]", gzip.GzipFile(fileobj=raw))
        elif file.compression == "zstd":
            yield io.BufferedReader(zstandard.ZstdDecompressor().stream_reader(raw, read_across_frames=True))
        else:
            yield raw


def _header_line(handle: io.TextIOBase) -> str:
    """The first line; a quoted name may hold a line end."""
    line = handle.readline()
    while line.count('"') % 2:
        more = handle.readline()
        if not more or len(line) > LONGEST_LINE:
            break
        line += more
    return line


def _in_utf8(file: DataFile, encoding: str, target: Path) -> Path:
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if target.exists():
        return target
    temporary = target.with_suffix(".tmp")
    try:
        with text_of(file, encoding) as reader, temporary.open("w", encoding="utf-8", newline="") as writer:
            temporary.chmod(0o600)
            while chunk := reader.read(1 << 20):
                writer.write(chunk)
    except (UnicodeError, EOFError, OSError, zstandard.ZstdError) as error:
        temporary.unlink(missing_ok=True)
        raise LandingError(f"{file.path} {_cannot_be_opened(error, encoding)}") from error
    temporary.rename(target)
    return target


def _cannot_be_opened(error: Exception, encoding: str) -> str:
    if isinstance(error, UnicodeDecodeError):
        expected = "UTF-8" if encoding == "utf-8" else encoding
        return (
            f"is not {expected} ({error.reason} at byte {error.start}): save it as {expected}, or set landing.encoding"
        )
    if isinstance(error, UnicodeError):
        return f"is not {encoding} ({error}): set landing.encoding"
    return f"cannot be opened ({error}): deliver it again or remove it"


def _swallows_lines(shape: Shape, table: RawTable) -> Iterator[str]:
    """SQL conditions under which a value contains further rows of the file, which an unclosed quote has swallowed.

    Outside free text: a line end followed by a delimiter. In free text: a line with a time in the position that the
    event time has in the header.
    """
    delimiter = "\\x{" + format(ord(shape.delimiter), "x") + "}"
    names = {column.name: column for column in table.columns}
    time = table.event_time
    time_index = shape.columns.index(time) if time in shape.columns else None
    for name in shape.columns:
        column = names.get(name)
        if column is not None and not column.is_free_text:
            yield f"regexp_matches({identifier(name)}, '[\\n\\r][^\\n\\r]*{delimiter}')"
        elif time_index:
            values = f"(?:[^\\n\\r{delimiter}]*{delimiter}){{{time_index}}}"
            yield f"regexp_matches({identifier(name)}, '[\\n\\r]{values}\"?[0-9]{{4}}[-/][0-9]{{1,2}}[-/][0-9]')"


def _ends_within_quotes(csv_file: CsvFile) -> bool:
    """Whether an unclosed quote swallows the rest of the file into one value, which DuckDB accepts."""
    if csv_file.data != csv_file.file.path:
        return csv_file.data.read_bytes().count(b'"') % 2 == 1
    if csv_file.shape.encoding == "utf-16":
        with text_of(csv_file.file, "utf-16") as text:
            return sum(line.count('"') for line in text) % 2 == 1
    quotes = 0
    with bytes_of(csv_file.file) as stream:
        while chunk := stream.read(1 << 20):
            quotes += chunk.count(b'"')
    return quotes % 2 == 1


def _line_of_swallowing_quote(csv_file: CsvFile) -> int:
    """The first line of the first record that spans several lines and looks like several rows."""
    with (
        csv_file.data.open(encoding="utf-8", errors="replace", newline="")
        if csv_file.data != csv_file.file.path
        else text_of(csv_file.file, csv_file.shape.encoding, errors="replace") as handle
    ):
        reader = csv.reader(handle, delimiter=csv_file.shape.delimiter)
        last_line = start = 0
        with suppress(csv.Error):  # a value longer than the reader takes: the record that began with it
            for record in reader:
                has_several_lines = reader.line_num - last_line > 1
                holds_rows = any(
                    ("\n" in value or "\r" in value) and csv_file.shape.delimiter in value for value in record
                )
                start = last_line + 1
                if has_several_lines and holds_rows:
                    return start
                last_line = reader.line_num
            return start  # the last record goes on to the end of the file
    return last_line + 1


def _cause(error: duckdb.Error) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    causes = [line for line in lines if not line.startswith(("Original Line", "Possible"))]
    return "; ".join(causes[:2]).replace(
        "This file is not utf-8 encoded.", "The file is not UTF-8: save it as UTF-8, or set landing.encoding."
    )
