"""The Parquet files of one raw table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb

from churn_assets.defs.landing.errors import LandingError, quoted


@dataclass(frozen=True)
class ParquetFiles:
    folder: Path
    columns_by_file: dict[Path, tuple[str, ...]]
    have_one_schema: bool

    @classmethod
    def under(cls, connection: duckdb.DuckDBPyConnection, folder: Path) -> ParquetFiles | None:
        """Reads the footers only. Raises LandingError naming the first file that is no whole Parquet file."""
        files = sorted(file for file in folder.rglob("*.parquet") if file.is_file())
        if not files:
            return None
        try:
            schemas = _schemas(connection, files)
        except duckdb.Error:
            schemas = {}
            for file in files:  # slow way, to name the file
                try:
                    schemas |= _schemas(connection, [file])
                except duckdb.Error as error:
                    raise LandingError(
                        f"{file} is not a readable Parquet file ({error}): deliver it again or remove it"
                    ) from error
        columns = {file: tuple(name for name, _ in schema) for file, schema in schemas.items()}
        return cls(folder, columns, len(set(schemas.values())) == 1)

    def scan(self, columns: tuple[str, ...]) -> str:
        """A relation with those of `columns` that the files have. Types that differ between files are widened."""
        options = "" if self.have_one_schema else ", union_by_name = true"
        held = {name for names in self.columns_by_file.values() for name in names}
        listed = ", ".join(f'"{name}"' for name in columns if name in held)
        files = quoted(self.folder / "**/*.parquet")
        return f"(select {listed} from read_parquet({files}{options}, hive_partitioning = false))"


def _schemas(connection: duckdb.DuckDBPyConnection, files: list[Path]) -> dict[Path, tuple[tuple[str, str], ...]]:
    """Names in lower case and types of the columns of each file, without what lies within a nested one."""
    rows = connection.execute(
        "select file_name, list((lower(name), coalesce(duckdb_type, type, ''), coalesce(num_children, 0)) "
        "order by column_id) from parquet_schema(?) group by file_name order by file_name",
        [[str(file) for file in files]],
    ).fetchall()
    return {Path(name): tuple(_columns(iter(elements))) for name, elements in rows}


def _columns(elements: Iterator[tuple[str, str, int]]) -> Iterator[tuple[str, str]]:
    """The children of the root. The schema is the tree in depth first order: an element, then its children."""
    _, _, columns = next(elements)
    for _ in range(columns):
        name, kind, inside = next(elements)
        yield name, kind
        while inside:
            inside += next(elements)[2] - 1
