"""The record store: what cannot be made again, in SQLite. Anything that a rebuild can produce does not belong here."""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from churn_assets.defs.storage.delivery_schema import DELIVERY_SCHEMA
from churn_assets.failures import naming

SCHEMA = """
create table if not exists manifest (
  stage text not null, table_name text not null, snapshot_date text not null,
  path text not null, sha256 text not null, rows integer not null, bytes integer not null,
  is_sealed integer not null, published_at text not null,
  primary key (stage, table_name, snapshot_date)
) strict;
create table if not exists model_promotions (
  sequence integer primary key, snapshot_date text not null, champion_snapshot_date text not null,
  model_version text not null, definition text not null, decision text not null, reason text not null,
  decided_by text not null, decided_at text not null
) strict;
create table if not exists facts (name text primary key, value text not null) strict;
"""
# Of the text above, so that another text is made known to old files once, and not at every transaction.
SCHEMA_VERSION = zlib.crc32((SCHEMA + DELIVERY_SCHEMA).encode()) >> 1


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
    """Access to the record store. Every call is one transaction that is on disk when the call returns."""

    file: Path

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """For the stores that keep their rows here; on disk when the block ends, undone when it raises."""
        with naming(self.file):
            connection = sqlite3.connect(self.file, timeout=60, isolation_level=None)
        try:
            connection.execute("pragma journal_mode = wal")
            connection.execute("pragma synchronous = full")
            if connection.execute("pragma user_version").fetchone()[0] != SCHEMA_VERSION:
                connection.executescript(
                    f"begin immediate; {SCHEMA} {DELIVERY_SCHEMA} pragma user_version = {SCHEMA_VERSION}; commit;"
                )
            connection.execute("begin immediate")
            yield connection
            connection.execute("commit")
        except sqlite3.Error as error:
            error.add_note(str(self.file))  # SQLite does not say which file it is about; see failures.py
            raise
        finally:
            connection.close()  # an open transaction is rolled back

    def list_partition(self, partition: Partition) -> None:
        """The one act that makes a partition visible; replaces the earlier row unless that one is sealed."""
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
        """Visible partitions, oldest snapshot first."""
        with self.transaction() as connection:
            rows = connection.execute(
                "select * from manifest where (? is null or stage = ?) and (? is null or table_name = ?) "
                "order by stage, table_name, snapshot_date",
                (stage, stage, table, table),
            ).fetchall()
        return [
            Partition(s, t, date.fromisoformat(d), path, sha, n, size, bool(sealed), datetime.fromisoformat(at))
            for s, t, d, path, sha, n, size, sealed, at in rows
        ]

    def fact(self, name: str) -> str | None:
        with self.transaction() as connection:
            row = connection.execute("select value from facts where name = ?", (name,)).fetchone()
        return None if row is None else str(row[0])

    def state_fact(self, name: str, value: str) -> None:
        with self.transaction() as connection:
            connection.execute(
                "insert into facts values (?, ?) on conflict do update set value = excluded.value", (name, value)
            )
