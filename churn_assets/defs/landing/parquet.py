"""The Parquet files of one raw table."""

from __future__ import annotations

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
    rows = connection.execute(
        "select file_name, list(lower(name) order by column_id), "
        "list(coalesce(duckdb_type, type, '') order by column_id) "
        "from parquet_schema(?) where column_id > 0 group by file_name order by file_name",
        [[str(file) for file in files]],
    ).fetchall()
    return {Path(name): tuple(zip(names, types, strict=True)) for name, names, types in rows}
