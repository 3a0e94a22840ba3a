"""A chain of keyed hashes over the rows of the record, so that whoever edits the database is noticed.

Triggers note the key of each row that is inserted, changed or deleted (migrations/0006). A write transaction of this
program takes these notes and adds an entry for each such row: the table, a keyed hash of the row's key, a keyed hash of
the row, and a keyed hash of all that with the entry before. The head holds the number of the newest entry, hashed too,
so that entries cannot be cut off. Rows that were edited with another program, or by a flipped bit, do not fit their
newest entry, and leave a note that nobody takes. The key lies in `secrets/`, not in the database. A new table needs its
three triggers, or a place in FREE.

What is hashed cannot be read back, so entries stay when a user is erased. A whole record of an earlier time, with its
head, fits: that is a backup.
"""

from __future__ import annotations

import hmac
import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from churn_assets.instance.keys import own_key
from churn_assets.instance.record.schema import MIGRATIONS, Schema

KEY = "record"
FIRST = next(migration.number for migration in MIGRATIONS if migration.name.endswith("_chain"))
# The chain, and what this program forgets by itself or can do without.
FREE = {
    "chain", "chain_head", "changed", "migrations", "sessions", "swept_files", "received_requests", "alerts",
    "alerts_taken",
}  # fmt: skip
SHOWN = 3
Row = tuple[Any, ...]


@cache
def chained_tables() -> dict[str, tuple[str, ...]]:
    """The tables whose rows are chained, with the columns of their key (all columns where there is none)."""
    tables = Schema.after(MIGRATIONS).tables
    return {
        name: tuple(column for column, _, _, place in columns if place) or tuple(column for column, *_ in columns)
        for name, columns in sorted(tables.items())
        if name not in FREE
    }


def key_of(file: Path) -> bytes:
    """The key of a record, made when first asked for."""
    return own_key(file.parent / "secrets", KEY)


def begin(connection: sqlite3.Connection, file: Path) -> None:
    """Chain the rows as they are: of a new record, or of one that an earlier release made. The caller commits."""
    rows = [
        (table, tuple(key)) for table, columns in chained_tables().items()
        for key in connection.execute(f"select {', '.join(columns)} from {table}").fetchall()
    ]  # fmt: skip
    for table in ("chain", "chain_head", "changed"):
        connection.execute(f"delete from {table}")
    _append(connection, key_of(file), rows)


@contextmanager
def chained(connection: sqlite3.Connection, file: Path) -> Iterator[None]:
    """Within a write transaction: the rows that the block changes are chained when it ends. The caller commits."""
    if not connection.execute("select 1 from main.sqlite_master where name = 'chain_head'").fetchone():
        yield  # a backup that an earlier release made
        return
    (others,) = connection.execute("select coalesce(max(sequence), 0) from changed").fetchone()
    yield
    sql = "select distinct table_name, row_key from changed where sequence > ? order by 1, 2"
    changed = [(table, tuple(json.loads(key))) for table, key in connection.execute(sql, (others,))]
    if changed:
        connection.execute("delete from changed where sequence > ?", (others,))
        _append(connection, key_of(file), changed)


def note_rows(connection: sqlite3.Connection, before: Schema) -> None:
    """Within `chained`, note the rows of tables that an upgrade gave other columns: all of them are chained anew."""
    if "chain_head" not in before.tables:
        return
    after = Schema.of(connection).tables
    for table, columns in chained_tables().items():
        if table in before.tables and before.tables[table] != after.get(table):
            connection.execute(
                f"insert into changed (table_name, row_key) select ?, json_array({', '.join(columns)}) from {table}",
                (table,),
            )


def faults(connection: sqlite3.Connection, file: Path) -> list[str]:
    """Sentences about rows and entries that do not fit; empty where all do. Users are not named."""
    if not (file.parent / "secrets" / f"{KEY}.key").exists():
        return [
            f"the key of its chain, {file.parent / 'secrets' / f'{KEY}.key'}, is gone, so its rows cannot be checked"
        ]
    key = key_of(file)
    head = connection.execute("select sequence, mac from chain_head").fetchone()
    entries = connection.execute("select sequence, table_name, row_key, row_mac, mac from chain order by 1").fetchall()
    if head is None:
        return ["the head of its chain is missing"]
    previous, newest = "", {}
    for number, (sequence, table, row_key, row_mac, entry_mac) in enumerate(entries, start=1):
        if sequence != number or entry_mac != _mac(key, "entry", previous, sequence, table, row_key, row_mac):
            return [f"entry {number} of its chain does not fit the one before it: it was edited, or has another key"]
        newest[table, row_key], previous = row_mac, entry_mac
    if head != (len(entries), _mac(key, "head", len(entries), previous)):
        return ["the newest entries of its chain were cut off"]
    return [*_unfit_rows(connection, key, newest), *_notes(connection)]


def _notes(connection: sqlite3.Connection) -> list[str]:
    """Notes of triggers that no transaction of this program has taken: their rows may have been chained since."""
    rows = connection.execute("select table_name, count(*) from changed group by 1 order by 1").fetchall()
    return [f"another program has written {count} rows of {table}" for table, count in rows]


def _unfit_rows(connection: sqlite3.Connection, key: bytes, newest: dict[tuple[str, str], str | None]) -> list[str]:
    """Rows that are not what their newest entry says, and rows that are gone."""
    lines = []
    for table, columns in chained_tables().items():
        unfit: list[str] = []
        names = [row[1] for row in connection.execute(f"pragma table_info({table})").fetchall()]
        for row in connection.execute(f"select * from {table}"):
            row_key_values = [row[names.index(column)] for column in columns]
            row_key = _mac(key, "key", table, *row_key_values)
            if newest.pop((table, row_key), None) != _mac(key, "row", table, *row):
                unfit.append(" ".join(str(value) for value in row_key_values))
        if unfit:
            named = "" if "user_id" in columns or len(columns) == len(names) else f" ({', '.join(unfit[:SHOWN])})"
            lines.append(f"{len(unfit)} rows of {table} were edited or added outside churn{named}")
    removed = Counter(table for (table, _), row_mac in newest.items() if row_mac is not None)
    lines += [f"{count} rows of {table} were removed outside churn" for table, count in sorted(removed.items())]
    return lines


def _append(connection: sqlite3.Connection, key: bytes, rows: Iterable[tuple[str, Row]]) -> None:
    head = connection.execute("select sequence from chain_head").fetchone()
    sequence = head[0] if head else 0
    newest = connection.execute("select mac from chain where sequence = ?", (sequence,)).fetchone()
    previous = newest[0] if newest else ""
    entries = []
    for table, values in rows:
        condition = " and ".join(f"{column} is ?" for column in chained_tables()[table])
        row = connection.execute(f"select * from {table} where {condition}", values).fetchone()
        row_mac = None if row is None else _mac(key, "row", table, *row)
        sequence, row_key = sequence + 1, _mac(key, "key", table, *values)
        previous = _mac(key, "entry", previous, sequence, table, row_key, row_mac)
        entries.append((sequence, table, row_key, row_mac, previous))
    connection.executemany("insert into chain values (?, ?, ?, ?, ?)", entries)
    connection.execute(
        "insert or replace into chain_head values (1, ?, ?)", (sequence, _mac(key, "head", sequence, previous))
    )


def _mac(key: bytes, *values: object) -> str:
    """32 hex digits, which nobody can make or guess from the values without the key."""
    return hmac.digest(key, json.dumps(values, ensure_ascii=True).encode(), "sha256").hex()[:32]
