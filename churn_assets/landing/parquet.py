"""Parquet files: their columns, in any case, with the types that DuckDB reads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from churn_assets.landing.csv import FILE
from churn_assets.landing.errors import LandingError
from churn_assets.landing.file_cache import FileCache
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


def open_parquet(
    connection: duckdb.DuckDBPyConnection, files: Sequence[DataFile], cache: FileCache
) -> list[ParquetFile]:
    """Read the footers only, of files that changed. Raises LandingError naming the first that is no Parquet file."""
    footers = cache.footers([file.path for file in files], lambda paths: _footers(connection, paths))
    opened = []
    for file in files:
        types = tuple((name, kind) for name, kind in footers[file.path]["types"])
        lowered = [name.lower() for name, _ in types]
        repeated = sorted({name for name in lowered if lowered.count(name) > 1})
        if repeated:
            raise LandingError(f"{file.path} has column {', '.join(repeated)} twice, in upper and lower case")
        opened.append(ParquetFile(file, types, int(footers[file.path]["rows"])))
    return opened


def _footers(connection: duckdb.DuckDBPyConnection, paths: Sequence[Path]) -> dict[Path, dict[str, Any]]:
    """`types` and `rows` of each file. Raises LandingError."""
    try:
        schemas = _schemas(connection, paths)
    except duckdb.Error:
        schemas = {}
        for path in paths:  # slow way, to name the file
            try:
                schemas |= _schemas(connection, [path])
            except duckdb.Error as error:
                raise LandingError(
                    f"{path} is not a readable Parquet file ({error}): deliver it again or remove it"
                ) from error
    rows = dict(
        connection.execute(
            "select file_name, num_rows from parquet_file_metadata(?)", [[str(path) for path in paths]]
        ).fetchall()
    )
    return {path: {"types": schemas[path], "rows": rows[str(path)]} for path in paths}


def _schemas(connection: duckdb.DuckDBPyConnection, paths: Sequence[Path]) -> dict[Path, tuple[tuple[str, str], ...]]:
    """Names and types of the top-level columns of each file."""
    rows = connection.execute(
        "select file_name, list((name, coalesce(duckdb_type, type, ''), coalesce(num_children, 0)) "
        "order by column_id) from parquet_schema(?) group by file_name",
        [[str(path) for path in paths]],
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
