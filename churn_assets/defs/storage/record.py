"""The record store: what cannot be made again, in SQLite. Anything that a rebuild can produce does not belong here."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import polars as pl

SCHEMA = """
create table if not exists manifest (
  stage text not null, table_name text not null, snapshot_date text not null,
  path text not null, sha256 text not null, rows integer not null, bytes integer not null,
  is_sealed integer not null, published_at text not null,
  primary key (stage, table_name, snapshot_date)
) strict;
create table if not exists outbox (
  message_key text primary key, decision_id text not null, user_id text not null, channel text not null,
  template text not null, payload text not null, state text not null, not_before text not null, expires_at text not null
) strict;
create table if not exists model_promotions (
  sequence integer primary key, snapshot_date text not null, champion_snapshot_date text not null,
  model_version text not null, definition text not null, decision text not null, reason text not null,
  decided_by text not null, decided_at text not null
) strict;
create table if not exists facts (name text primary key, value text not null) strict;
"""
OUTBOX_COLUMNS = (
    "message_key", "decision_id", "user_id", "channel", "template", "payload", "state", "not_before", "expires_at",
)  # fmt: skip


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


class OutboxConflict(ValueError):
    """The same message key came with another content."""


@dataclass(frozen=True)
class Record:
    """Access to the record store. Every call is one transaction that is on disk when the call returns."""

    file: Path

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """For the stores that keep their rows here; on disk when the block ends, undone when it raises."""
        connection = sqlite3.connect(self.file, timeout=60, isolation_level=None)
        try:
            connection.execute("pragma journal_mode = wal")
            connection.execute("pragma synchronous = full")
            connection.executescript(SCHEMA)
            connection.execute("begin immediate")
            yield connection
            connection.execute("commit")
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

    def add_messages(self, messages: pl.DataFrame) -> int:
        """Add planned messages (contract Outbox) and return how many are new; one whose key is there stays as it is.

        Raises OutboxConflict when a key comes again with another payload: then the key does not mean what it says.
        """
        rows = messages.select(pl.col(OUTBOX_COLUMNS).cast(pl.String)).rows()
        marks = ", ".join("?" * len(OUTBOX_COLUMNS))
        with self.transaction() as connection:
            content = "message_key, decision_id, user_id, channel, template, payload"
            held = {row[0]: row for row in connection.execute(f"select {content} from outbox")}
            for row in messages.select(content.split(", ")).iter_rows():
                if held.get(row[0], row) != row:
                    raise OutboxConflict(f"outbox: message_key {row[0]} is there with another content; nothing added")
            connection.executemany(f"insert or ignore into outbox values ({marks})", rows)
            return len(set(messages["message_key"]) - held.keys())

    def messages(self) -> pl.DataFrame:
        """All messages in their present state (contract Outbox)."""
        with self.transaction() as connection:
            rows = connection.execute(f"select {', '.join(OUTBOX_COLUMNS)} from outbox order by message_key").fetchall()
        frame = pl.DataFrame(rows, schema=dict.fromkeys(OUTBOX_COLUMNS, pl.String), orient="row")
        return frame.with_columns(
            pl.col("not_before", "expires_at").str.to_datetime("%Y-%m-%d %H:%M:%S%.f", time_unit="us")
        )

    def fact(self, name: str) -> str | None:
        with self.transaction() as connection:
            row = connection.execute("select value from facts where name = ?", (name,)).fetchone()
        return None if row is None else str(row[0])

    def state_fact(self, name: str, value: str) -> None:
        with self.transaction() as connection:
            connection.execute(
                "insert into facts values (?, ?) on conflict do update set value = excluded.value", (name, value)
            )
