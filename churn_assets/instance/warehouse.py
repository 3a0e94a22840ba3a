"""The DuckDB file: its lock, and the views over the other stores. Only dbt writes its data."""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
from filelock import FileLock

from churn_assets.duck import duck
from churn_assets.instance.masking import show_masked
from churn_assets.stages import ORDER

# A weekly run takes minutes; a process that has held the lock for an hour will not release it by itself.
LOCK_TIMEOUT_SECONDS = 3600
FILE_VIEWS = """
select schema_name, view_name from duckdb_views()
where list_contains($ours, schema_name) and sql like '%read!_%(%' escape '!'
"""


@dataclass(frozen=True)
class Warehouse:
    """Access to the file under one operating-system lock, which the kernel drops when the process ends."""

    file: Path
    locks: Path

    @contextmanager
    def exclusive(self, wait_seconds: float = LOCK_TIMEOUT_SECONDS) -> Iterator[None]:
        """Hold the lock of the file. Re-entrant within a thread. Raises filelock.Timeout."""
        lock = FileLock(self.locks / "warehouse.lock", timeout=LOCK_TIMEOUT_SECONDS, is_singleton=True)
        with lock.acquire(timeout=wait_seconds):
            yield

    @contextmanager
    def kept_open(self) -> Iterator[None]:
        """Hold the file open for writing, so that others in this process open it without reading it again.

        dbt closes it after each model (profiles.yml), and opening, reading the catalogue, checkpoint and closing take
        60 ms of processor time each (DuckDB 2.0, 140 views and tables, 2026-11): 3 s of a run of 58 models.
        """
        with self.exclusive(), duck(self.file):
            yield

    def query(
        self,
        sql: str,
        parameters: Mapping[str, Any] | Sequence[Any] | None = None,
        frames: Mapping[str, pl.DataFrame] | None = None,
    ) -> pl.DataFrame:
        """Rows of one read-only query, which may read the `frames` by their names.

        They are passed on as a Parquet file: over Arrow a sum of whole numbers (HUGEINT) becomes a Decimal, which no
        model accepts, and the time zone gets another name (DuckDB 2.0, polars 2.1, 2026-11).
        """
        with self.exclusive(), tempfile.TemporaryDirectory(dir=self.locks, prefix="query-") as folder:
            file = Path(folder) / "rows.parquet"
            with duck(self.file, read_only=True) as connection:
                for name, frame in (frames or {}).items():
                    argument = Path(folder) / f"{name}.parquet"
                    frame.write_parquet(argument)
                    path = "'" + str(argument).replace("'", "''") + "'"
                    connection.execute(f'create temp view "{name}" as select * from read_parquet({path})')
                connection.sql(sql, params=parameters).write_parquet(str(file))
            return pl.read_parquet(file, memory_map=False)

    def has(self, schema: str, table: str) -> bool:
        if not self.file.exists():
            return False
        sql = "select count(*) as matches from information_schema.tables where table_schema = ? and table_name = ?"
        return bool(self.query(sql, [schema, table]).item())

    def show(
        self,
        files: Mapping[tuple[str, str], Sequence[Path]],
        pseudonyms: Path,
        changed: Collection[tuple[str, str]] | None = None,
        *,
        withheld: Mapping[tuple[str, str], Sequence[Path]] | None = None,
    ) -> None:
        """Make a view of each table of the Parquet store over exactly its readable files, and the masked views.

        `changed`: schema and name of the tables to do so for; None for all. A view binds every file of its table, so a
        step that showed them all would take longer every week. `withheld`: files of tables of which nothing may be
        read; their views have columns and no rows.
        """
        empty = withheld or {}
        with self.exclusive(), duck(self.file) as connection:
            for (schema, table), paths in {**files, **empty}.items():
                if changed is not None and (schema, table) not in changed:
                    continue
                listed = ", ".join("'" + str(path).replace("'", "''") + "'" for path in paths)
                connection.execute(f'create schema if not exists "{schema}"')
                # The folder's snapshot_date=... would replace the column, which may hold a slice or another snapshot.
                options = "union_by_name = true, hive_partitioning = false"
                limit = " limit 0" if (schema, table) in empty else ""
                rows = f"select * from read_parquet([{listed}], {options}){limit}"
                connection.execute(f'create or replace view "{schema}"."{table}" as {rows}')
            show_masked(connection, pseudonyms, changed)

    def forget_views(self) -> None:
        """Drop the views of this project that read files, before they are rebuilt without those of another home."""
        with self.exclusive(), duck(self.file) as connection:
            for schema, view in connection.execute(FILE_VIEWS, {"ours": [*ORDER, "masked"]}).fetchall():
                connection.execute(f'drop view "{schema}"."{view}"')

    def note_home(self, root: Path) -> None:
        """Store, as the view `main.home`, the home whose files the views read (warehouse/moved.py)."""
        with self.exclusive(), duck(self.file) as connection:
            path = str(root).replace("'", "''")
            connection.execute(f"create or replace view main.home as select '{path}' as path")
