"""Which files of the landing are read, and which are not. No file is opened here.

Links are followed. Bookkeeping of other systems (hidden files, `_SUCCESS`, `_temporary/`) is not data; any other file
that is not read is reported, since its owner may expect it to count.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from churn_assets.failures import ODD
from churn_assets.landing.errors import LandingError

COMPRESSIONS = {".gz": "gzip", ".gzip": "gzip", ".zst": "zstd", ".zstd": "zstd"}
ENDINGS = {
    ".parquet": "parquet", ".pq": "parquet", ".parq": "parquet",
    ".csv": "csv", ".tsv": "csv", ".tab": "csv",
    ".ndjson": "json", ".jsonl": "json", ".json": "json",
}  # fmt: skip
READ = "*.parquet, *.csv, *.tsv, *.ndjson, *.jsonl or *.json, text also as .gz or .zst"
# Folders that mark a table format, in which some files below are no longer part of the table.
TABLE_FORMATS = {"_delta_log": "Delta", ".hoodie": "Hudi"}
PATTERN = set("*?[]")


class Format(StrEnum):
    PARQUET = "parquet"
    CSV = "csv"
    JSON = "json"


@dataclass(frozen=True)
class DataFile:
    """One file that is read."""

    path: Path
    format: Format
    compression: str | None = None


@dataclass(frozen=True)
class Unread:
    """A file or folder that is not read, and why not."""

    path: Path
    reason: str


BOOKKEEPING, OF_NO_KIND = "bookkeeping of another system", "of a kind that is not read"
SPREADSHEET = "a spreadsheet: save it as CSV (UTF-8)"
SPREADSHEETS = (".xlsx", ".xls", ".ods", ".numbers")


@dataclass
class TableFiles:
    """The files under the folder of one table, in the natural order of the paths: 9.csv before 10.csv."""

    files: list[DataFile] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)


def files_of_table(folder: Path) -> TableFiles:
    """Raises LandingError for a folder of a table format, a broken link, and a name that is a pattern."""
    table_files = TableFiles()
    if not folder.is_dir():
        return table_files
    seen: set[Path] = set()
    for path in sorted(_walk(folder, table_files.unread), key=natural_order):
        if is_bookkeeping(path.relative_to(folder)):
            table_files.unread.append(Unread(path, BOOKKEEPING))
            continue
        if not path.exists():
            raise LandingError(f"{path} is a link that leads nowhere: put the files back, or remove the link")
        if not path.is_file():
            raise LandingError(f"{path} {ODD}")
        real = path.resolve()
        if real in seen:
            table_files.unread.append(Unread(path, "the same file as another of this table"))
            continue
        data = data_file(path)
        if data is None:
            reason = SPREADSHEET if path.suffix.lower() in SPREADSHEETS else OF_NO_KIND
            table_files.unread.append(Unread(path, reason))
        elif PATTERN & set(str(path)):
            raise LandingError(f"{path} has *, ? or [ in its name, which would be read as a pattern: rename it")
        else:
            seen.add(real)
            table_files.files.append(data)
    return table_files


def data_file(path: Path) -> DataFile | None:
    """Format and compression by the ending, in any case; None for a file that is not read."""
    name, compression = path.name.lower(), None
    for ending, kind in COMPRESSIONS.items():
        if name.endswith(ending):
            name, compression = name.removesuffix(ending), kind
            break
    form = ENDINGS.get(Path(name).suffix)
    if form is None or (form == Format.PARQUET and compression):
        return None
    return DataFile(path, Format(form), compression)


def natural_order(path: Path) -> list[tuple[int, int, str]]:
    """Sort key with numbers by value: the order in which exports were written, judging by their names."""
    parts = re.split(r"(\d+)", str(path))
    return [(1, int(part), "") if part.isdecimal() else (0, 0, part) for part in parts]


def is_bookkeeping(path: Path) -> bool:
    """Whether the file, or a folder it lies in, is hidden or marked as no data (by Spark, Hive, Windows, macOS)."""
    return any(part.startswith((".", "_")) or part in ("Thumbs.db", "desktop.ini") for part in path.parts)


def _walk(folder: Path, unread: list[Unread]) -> Iterator[Path]:
    """Every file, behind links to folders too; a folder that contains itself comes once."""
    above: dict[Path, tuple[Path, ...]] = {folder: (folder.resolve(),)}
    for parent, names, files in os.walk(folder, followlinks=True, onerror=_raise):
        folder_path = Path(parent)
        for name in (*names, *files):
            if name in TABLE_FORMATS:
                raise LandingError(
                    f"{folder_path} is a {TABLE_FORMATS[name]} table: files that it has removed would be read too. "
                    "Export the table as Parquet into a folder of its own"
                )
        if "metadata" in names and any((folder_path / "metadata").glob("*.metadata.json")):
            raise LandingError(
                f"{folder_path} is an Iceberg table: files that it has removed would be read too. "
                "Export the table as Parquet into a folder of its own"
            )
        entered = []
        for name in sorted(names):
            real = (folder_path / name).resolve()
            if real in above[folder_path]:
                unread.append(Unread(folder_path / name, "a link to a folder it lies in"))
            else:
                above[folder_path / name] = (*above[folder_path], real)
                entered.append(name)
        names[:] = entered
        yield from (folder_path / name for name in files)


def _raise(error: OSError) -> None:
    raise LandingError(f"{error.filename} cannot be opened ({error.strerror}): give this user the right to read it")
