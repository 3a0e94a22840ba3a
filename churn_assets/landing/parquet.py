"""Parquet files: their columns, in any case, with the types that DuckDB reads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from churn_assets.landing.csv import FILE
from churn_assets.landing.errors import LandingError
from churn_assets.landing.files import DataFile
from churn_assets.landing.text import literals

SIGNATURE = b"PAR1"


@dataclass(frozen=True)
class ParquetFile:
    """`types`: name in the file -> type as DuckDB reads it. Binary strings are text."""

    file: DataFile
    types: tuple[tuple[str, str], ...]
    rows: int


def read_parquet_sql(files: Sequence[Path]) -> str:
    """SQL relation over files of one schema."""
    options = f"hive_partitioning = false, binary_as_string = true, filename = '{FILE}'"
    return f"read_parquet([{literals(files)}], {options})"


def open_parquet(connection: duckdb.DuckDBPyConnection, files: Sequence[DataFile]) -> list[ParquetFile]:
    """Read the footers only. Raises LandingError naming the first file that is no complete Parquet file."""
    if not files:
        return []
    try:
        schemas = _schemas(connection, files)
    except duckdb.Error:
        schemas = {}
        for file in files:  # slow way, to name the file
            try:
                schemas |= _schemas(connection, [file])
            except duckdb.Error as error:
                raise LandingError(
                    f"{file.path} is not a readable Parquet file ({error}): deliver it again or remove it"
                ) from error
    rows = dict(
        connection.execute(
            "select file_name, num_rows from parquet_file_metadata(?)", [[str(file.path) for file in files]]
        ).fetchall()
    )
    opened = []
    for file in files:
        types = schemas[file.path]
        lowered = [name.lower() for name, _ in types]
        repeated = sorted({name for name in lowered if lowered.count(name) > 1})
        if repeated:
            raise LandingError(f"{file.path} has column {', '.join(repeated)} twice, in upper and lower case")
        opened.append(ParquetFile(file, types, int(rows[str(file.path)])))
    return opened


def _schemas(
    connection: duckdb.DuckDBPyConnection, files: Sequence[DataFile]
) -> dict[Path, tuple[tuple[str, str], ...]]:
    """Names and types of the top-level columns of each file."""
    rows = connection.execute(
        "select file_name, list((name, coalesce(duckdb_type, type, ''), coalesce(num_children, 0)) "
        "order by column_id) from parquet_schema(?) group by file_name",
        [[str(file.path) for file in files]],
    ).fetchall()
    return {Path(name): tuple(_columns(iter(elements))) for name, elements in rows}


def _columns(elements: Iterator[tuple[str, str, int]]) -> Iterator[tuple[str, str]]:
    """The children of the root. The schema is the tree in depth first order: an element, then its children."""
    _, _, columns = next(elements)
    for _ in range(columns):
        name, kind, inside = next(elements)
        yield name, "VARCHAR" if kind == "BLOB" else kind
        while inside:
            inside += next(elements)[2] - 1
