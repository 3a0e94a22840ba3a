"""The DuckDB file: who may open it, and the views that show the other stores. Its data are dbt's to write."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
from filelock import FileLock

from churn_assets.defs.storage.masking import show_masked
from churn_assets.duck import duck

# A weekly run takes minutes; somebody who has held the file for an hour will not let go by themselves.
LOCK_TIMEOUT_SECONDS = 3600


@dataclass(frozen=True)
class Warehouse:
    """Access to the file under one operating-system lock, which the kernel drops with the process, however it dies."""

    file: Path
    locks: Path

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Nobody else of this project opens the file meanwhile. Re-entrant within a thread."""
        with FileLock(self.locks / "warehouse.lock", timeout=LOCK_TIMEOUT_SECONDS, is_singleton=True):
            yield

    def query(self, sql: str, parameters: Mapping[str, Any] | Sequence[Any] | None = None) -> pl.DataFrame:
        """Rows of one read-only query.

        They cross as a Parquet file: over Arrow, DuckDB 2.0 and polars 2.1 end a process with a page of warnings.
        """
        with self.exclusive(), tempfile.TemporaryDirectory(dir=self.locks, prefix="query-") as folder:
            file = Path(folder) / "rows.parquet"
            with duck(self.file, read_only=True) as connection:
                connection.sql(sql, params=parameters).write_parquet(str(file))
            return pl.read_parquet(file, memory_map=False)

    def has(self, schema: str, table: str) -> bool:
        if not self.file.exists():
            return False
        sql = "select count(*) as found from information_schema.tables where table_schema = ? and table_name = ?"
        return bool(self.query(sql, [schema, table]).item())

    def show(self, files: Mapping[tuple[str, str], Sequence[Path]], pseudonyms: Path) -> None:
        """Make each table of the Parquet store readable here as a view over exactly its visible files, and masked."""
        with self.exclusive(), duck(self.file) as connection:
            for (schema, table), paths in files.items():
                listed = ", ".join("'" + str(path).replace("'", "''") + "'" for path in paths)
                connection.execute(f'create schema if not exists "{schema}"')
                # The folder's snapshot_date=... would replace the column: the slice of a label, the snapshot measured.
                options = "union_by_name = true, hive_partitioning = false"
                rows = f"select * from read_parquet([{listed}], {options})"
                connection.execute(f'create or replace view "{schema}"."{table}" as {rows}')
            show_masked(connection, pseudonyms)
