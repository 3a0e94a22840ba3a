"""Text files with separated values. The header decides; nothing is guessed from the values, which all stay text."""

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
LONGEST_LINE = 2_000_000  # bytes; DuckDB's own limit, stated so that the message can be ours


@dataclass(frozen=True)
class Shape:
    """What files have to agree on to be read together. `names`: as the header has them."""

    names: tuple[str, ...]
    delimiter: str
    compression: str | None
    encoding: str

    @property
    def columns(self) -> tuple[str, ...]:
        """In lower case, without blanks around them."""
        return tuple(name.strip().lower() for name in self.names)


@dataclass(frozen=True)
class CsvFile:
    """`data` is the file as DuckDB reads it: itself, or a copy of it in UTF-8."""

    file: DataFile
    data: Path
    shape: Shape


def read_csv_sql(shape: Shape, files: Sequence[Path]) -> str:
    """A relation. A short line is padded, so that its missing values meet the contract row by row."""
    types = ", ".join(f"{literal(name)}: 'varchar'" for name in shape.columns)
    compression = f", compression = {literal(shape.compression)}" if shape.compression else ""
    return (
        f"read_csv([{literals(files)}], auto_detect = false, header = true, columns = {{{types}}}, "
        f"delim = {literal(shape.delimiter)}, quote = '\"', escape = '\"', null_padding = true, parallel = false, "
        f"hive_partitioning = false, filename = '{FILE}', encoding = '{shape.encoding}'{compression})"
    )


def open_csv(file: DataFile, encoding: str, as_utf8: Path | None) -> CsvFile:
    """Header and dialect. `encoding`: as Python names it; one that DuckDB does not read is copied to `as_utf8`.

    Raises LandingError for a wrong encoding or header, naming the file.
    """
    data, compression, native = file.path, file.compression, NATIVE.get(encoding)
    if native is None:
        if as_utf8 is None:
            raise LandingError(f"{file.path}: there is nowhere to put a copy of it in UTF-8")
        data, compression, native = _in_utf8(file, encoding, as_utf8), None, "utf-8"
    try:
        with text_of(file, encoding) as handle:
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
    return CsvFile(file, data, Shape(names, delimiter, compression, native))


def validate(connection: duckdb.DuckDBPyConnection, read: CsvFile, table: RawTable) -> int:
    """Parse the whole file; returns its rows. Raises LandingError for a line that cannot be, naming file and line."""
    swallowed = " or ".join(_swallows_lines(read.shape, table)) or "false"
    sql = f"select count(*), count(columns(*)), bool_or({swallowed}) from {read_csv_sql(read.shape, [read.data])}"
    try:
        row = connection.execute(sql).fetchone()
    except duckdb.Error as error:
        raise LandingError(f"{read.file.path} cannot be read as CSV: {_cause(error)}") from error
    if row is None:
        return 0
    if row[-1] or _ends_within_quotes(read):
        line = _line_of_swallowing_quote(read)
        raise LandingError(
            f"{read.file.path}, line {line}: a quote is not closed, so the lines after it are taken for one value: "
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
    half = target.with_suffix(".tmp")
    try:
        with text_of(file, encoding) as read, half.open("w", encoding="utf-8", newline="") as write:
            half.chmod(0o600)
            while chunk := read.read(1 << 20):
                write.write(chunk)
    except (UnicodeError, EOFError, OSError, zstandard.ZstdError) as error:
        half.unlink(missing_ok=True)
        raise LandingError(f"{file.path} {_cannot_be_opened(error, encoding)}") from error
    half.rename(target)
    return target


def _cannot_be_opened(error: Exception, encoding: str) -> str:
    if isinstance(error, UnicodeDecodeError):
        wanted = "UTF-8" if encoding == "utf-8" else encoding
        return f"is not {wanted} ({error.reason} at byte {error.start}): save it as {wanted}, or set landing.encoding"
    if isinstance(error, UnicodeError):
        return f"is not {encoding} ({error}): set landing.encoding"
    return f"cannot be opened ({error}): deliver it again or remove it"


def _swallows_lines(shape: Shape, table: RawTable) -> Iterator[str]:
    """Conditions under which a value holds lines that are rows of their own: an unclosed quote has swallowed them.

    In a column of no free text: a line end and, after it, a delimiter. In free text: a line with as many values before
    one that is a time as the header has before its event time.
    """
    delimiter = "\\x{" + format(ord(shape.delimiter), "x") + "}"
    names = {column.name: column for column in table.columns}
    time = table.event_time
    at = shape.columns.index(time) if time in shape.columns else None
    for name in shape.columns:
        column = names.get(name)
        if column is not None and not column.is_free_text:
            yield f"regexp_matches({identifier(name)}, '[\\n\\r][^\\n\\r]*{delimiter}')"
        elif at:
            values = f"(?:[^\\n\\r{delimiter}]*{delimiter}){{{at}}}"
            yield f"regexp_matches({identifier(name)}, '[\\n\\r]{values}\"?[0-9]{{4}}[-/][0-9]{{1,2}}[-/][0-9]')"


def _ends_within_quotes(read: CsvFile) -> bool:
    """An unclosed quote swallows the rest of the file into one value, and DuckDB takes that as it comes."""
    if read.data != read.file.path:
        return read.data.read_bytes().count(b'"') % 2 == 1
    if read.shape.encoding == "utf-16":
        with text_of(read.file, "utf-16") as text:
            return sum(line.count('"') for line in text) % 2 == 1
    quotes = 0
    with bytes_of(read.file) as stream:
        while chunk := stream.read(1 << 20):
            quotes += chunk.count(b'"')
    return quotes % 2 == 1


def _line_of_swallowing_quote(read: CsvFile) -> int:
    """The first line of the first record that spans several and looks like more than one."""
    with (
        read.data.open(encoding="utf-8", errors="replace", newline="")
        if read.data != read.file.path
        else text_of(read.file, read.shape.encoding, errors="replace") as handle
    ):
        reader = csv.reader(handle, delimiter=read.shape.delimiter)
        before = start = 0
        with suppress(csv.Error):  # a value longer than the reader takes: the record that began with it
            for record in reader:
                spans = reader.line_num - before > 1
                held = any(("\n" in value or "\r" in value) and read.shape.delimiter in value for value in record)
                start = before + 1
                if spans and held:
                    return start
                before = reader.line_num
            return start  # the last record goes on to the end of the file
    return before + 1


def _cause(error: duckdb.Error) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    told = [line for line in lines if not line.startswith(("Original Line", "Possible"))]
    return "; ".join(told[:2]).replace(
        "This file is not utf-8 encoded.", "The file is not UTF-8: save it as UTF-8, or set landing.encoding."
    )
