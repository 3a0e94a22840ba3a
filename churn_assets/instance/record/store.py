"""The record store, in SQLite: data that cannot be rebuilt. Data that a rebuild can produce do not belong here."""

from __future__ import annotations

import sqlite3
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from churn_assets.instance.record.errors import RecordError
from churn_assets.instance.record.opening import reading, writing

KEY = "stage, table_name, snapshot_date"


@dataclass(frozen=True)
class Partition:
    """One manifest row: a file that exists because this row says so."""

    stage: str
    table: str
    snapshot: date
    path: str
    sha256: str
    rows: int
    bytes: int
    is_sealed: bool
    published_at: datetime


@dataclass(frozen=True)
class Record:
    """Access to the record store. Every call is one transaction, which is on disk when the call returns."""

    file: Path

    def transaction(self) -> AbstractContextManager[sqlite3.Connection]:
        """A write transaction; on disk when the block ends, rolled back when it raises."""
        return writing(self.file)

    def reading(self) -> AbstractContextManager[sqlite3.Connection]:
        """A read transaction: it waits for no writer, and no writer waits for it."""
        return reading(self.file)

    def list_partition(self, partition: Partition) -> None:
        """Write the manifest row that makes a partition visible; replaces the earlier row unless it is sealed."""
        with self.transaction() as connection:
            connection.execute(
                "insert into manifest values (?, ?, ?, ?, ?, ?, ?, ?, ?) "
                "on conflict do update set path = excluded.path, sha256 = excluded.sha256, rows = excluded.rows, "
                "bytes = excluded.bytes, is_sealed = excluded.is_sealed, published_at = excluded.published_at "
                "where is_sealed = 0",
                (partition.stage, partition.table, partition.snapshot.isoformat(), partition.path, partition.sha256,
                 partition.rows, partition.bytes, int(partition.is_sealed), partition.published_at.isoformat()),
            )  # fmt: skip

    def partitions(self, stage: str | None = None, table: str | None = None) -> list[Partition]:
        """Listed partitions, withheld ones too, oldest snapshot first."""
        return self._partitions(stage, table, "true")

    def readable_partitions(self, stage: str | None = None, table: str | None = None) -> list[Partition]:
        """Listed partitions that are not withheld, oldest snapshot first."""
        return self._partitions(stage, table, f"({KEY}) not in (select {KEY} from withheld)")

    def _partitions(self, stage: str | None, table: str | None, condition: str) -> list[Partition]:
        with self.reading() as connection:
            rows = connection.execute(
                "select * from manifest where (? is null or stage = ?) and (? is null or table_name = ?) "
                f"and {condition} order by {KEY}",
                (stage, stage, table, table),
            ).fetchall()
        try:
            return [
                Partition(s, t, date.fromisoformat(d), path, sha, n, size, bool(sealed), datetime.fromisoformat(at))
                for s, t, d, path, sha, n, size, sealed, at in rows
            ]
        except ValueError as error:  # a flipped bit in a day, which SQLite does not notice
            raise RecordError(f"The record {self.file} is damaged (manifest: {error}): churn heal.") from error

    def fact(self, name: str) -> str | None:
        with self.reading() as connection:
            row = connection.execute("select value from facts where name = ?", (name,)).fetchone()
        return None if row is None else str(row[0])

    def state_fact(self, name: str, value: str) -> None:
        with self.transaction() as connection:
            connection.execute(
                "insert into facts values (?, ?) on conflict do update set value = excluded.value", (name, value)
            )
