"""The CSV files of one raw table. The header decides; nothing is guessed from the values, which all stay text."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import duckdb

from churn_assets.defs.landing.errors import LandingError, quoted

DELIMITERS = (",", ";", "\t", "|")


@dataclass(frozen=True)
class CsvFiles:
    folder: Path
    columns_by_file: dict[Path, tuple[str, ...]]
    delimiter_by_file: dict[Path, str]

    @classmethod
    def under(cls, connection: duckdb.DuckDBPyConnection, folder: Path) -> CsvFiles | None:
        """Reads every file once. Raises LandingError for a wrong encoding, header or line, naming file and line."""
        files = sorted(file for file in folder.rglob("*.csv") if file.is_file())
        if not files:
            return None
        headers = {file: _header(file) for file in files}
        found = cls(folder, {f: h[0] for f, h in headers.items()}, {f: h[1] for f, h in headers.items()})
        for file in files:
            # An unclosed quote swallows the rest of the file into one value, and DuckDB takes that as it comes.
            if file.read_bytes().count(b'"') % 2:
                raise LandingError(f"{file} has an unclosed quote: double the quotes inside a value and close each one")
            try:
                connection.execute(f"select count(columns(*)) from {found.scan_of([file])}").fetchall()
            except duckdb.Error as error:
                raise LandingError(f"{file} cannot be read as CSV: {_cause(error)}") from error
        return found

    def scan(self, columns: tuple[str, ...]) -> str:
        """A relation with those of `columns` that the files have; files of one shape are read together."""
        shapes: dict[tuple[tuple[str, ...], str], list[Path]] = {}
        for file, names in self.columns_by_file.items():
            shapes.setdefault((names, self.delimiter_by_file[file]), []).append(file)
        scans = []
        for (names, _), files in shapes.items():
            listed = ", ".join(f'"{name}"' for name in columns if name in names)
            scans.append(f"(select {listed} from {self.scan_of(files, whole_folder=len(shapes) == 1)})")
        return " union all by name ".join(scans)

    def scan_of(self, files: list[Path], *, whole_folder: bool = False) -> str:
        """Files of one shape. A short line is padded, so that its missing values meet the contract row by row."""
        source = quoted(self.folder / "**/*.csv") if whole_folder else "[" + ", ".join(quoted(f) for f in files) + "]"
        types = ", ".join(f"{quoted(name)}: 'varchar'" for name in self.columns_by_file[files[0]])
        delimiter = quoted(self.delimiter_by_file[files[0]])
        return (
            f"read_csv({source}, auto_detect = false, header = true, columns = {{{types}}}, delim = {delimiter}, "
            "quote = '\"', escape = '\"', null_padding = true, parallel = false, hive_partitioning = false)"
        )


def _header(file: Path) -> tuple[tuple[str, ...], str]:
    """Column names in lower case and the delimiter, from the first line."""
    try:
        with file.open(encoding="utf-8-sig", newline="") as handle:
            line = handle.readline()
    except UnicodeDecodeError as error:
        raise LandingError(f"{file} is not UTF-8 ({error.reason} at byte {error.start}): save it as UTF-8") from error
    if not line.strip():
        raise LandingError(f"{file} is empty: a CSV file needs a header line")
    delimiter = max(DELIMITERS, key=line.count)
    names = tuple(name.strip().lower() for name in next(csv.reader([line], delimiter=delimiter)))
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated or "" in names:
        raise LandingError(
            f"{file} has a wrong header: column {', '.join(repeated) or '(without name)'} in {line.strip()!r}"
        )
    return names, delimiter


def _cause(error: duckdb.Error) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    told = [line for line in lines if not line.startswith(("Original Line", "Possible"))]
    return "; ".join(told[:2]).replace("This file is not utf-8 encoded.", "The file is not UTF-8: save it as UTF-8.")
