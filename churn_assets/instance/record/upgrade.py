"""Upgrading the file of the record store to the newest schema: check, backup, and one transaction."""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from churn_assets.instance.record import chain
from churn_assets.instance.record.backups import back_up, remove_old
from churn_assets.instance.record.errors import RecordError, primary_code
from churn_assets.instance.record.schema import (
    APPLICATION_ID,
    BEFORE_NUMBERS,
    MIGRATIONS,
    TABLES_BEFORE_NUMBERS,
    Migration,
    Schema,
)

PROGRAM = f"churn-assets {version('churn-assets')}"
WAIT_SECONDS, RETRY_SECONDS = 60, 0.02
MIGRATIONS_TABLE = """
create table if not exists migrations (
  number integer primary key, name text not null, made_by text not null, applied_at text not null
) strict
"""
log = logging.getLogger(__name__)


def is_newest(connection: sqlite3.Connection, migrations: Sequence[Migration] = MIGRATIONS) -> bool:
    """Whether the file has the newest schema of this program. Reads its header and no more."""
    header = connection.execute("select application_id, user_version from pragma_application_id, pragma_user_version")
    return bool(header.fetchone() == (APPLICATION_ID, migrations[-1].number))


def write_ahead(connection: sqlite3.Connection) -> None:
    """Switch to a write-ahead log. SQLite needs the file alone for that, and fails at once instead of waiting."""
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            connection.execute("pragma journal_mode = wal")
        except sqlite3.OperationalError as error:
            if primary_code(error) != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(RETRY_SECONDS)
        else:
            return


def upgrade(file: Path, migrations: Sequence[Migration] = MIGRATIONS) -> None:
    """Upgrade the record at `file` to the newest schema, or make it where there is none.

    One process upgrades, the others wait. If it is killed or the disk is full, the file is unchanged.
    Raises RecordError where a newer release or another program made it, or where its tables do not fit its number.
    """
    backup = None
    with closing(sqlite3.connect(file, timeout=WAIT_SECONDS, isolation_level=None)) as connection:
        connection.execute("pragma synchronous = full")
        connection.execute("begin immediate")
        if is_newest(connection, migrations):
            return  # another process was quicker
        current = Schema.of(connection)
        number = _number(file, connection, current, migrations)
        _refuse_lost(file, current)
        if current.tables and number < migrations[-1].number:
            backup = back_up(file, number)
        connection.execute(MIGRATIONS_TABLE)
        with chain.chained(connection, file):  # rows that a migration after the chain changes
            for migration in migrations[number:]:
                for statement in migration.statements:
                    connection.execute(statement)
                applied = (migration.number, migration.name, PROGRAM, datetime.now(UTC).isoformat(timespec="seconds"))
                connection.execute("insert into migrations values (?, ?, ?, ?)", applied)
            chain.note_rows(connection, current)
        _restore_schema(file, connection, migrations)
        if number < chain.FIRST <= migrations[-1].number:
            chain.begin(connection, file)
        connection.execute(f"pragma application_id = {APPLICATION_ID}")
        connection.execute(f"pragma user_version = {migrations[-1].number}")
        connection.execute("commit")
        write_ahead(connection)
    if backup:
        remove_old(file)
        log.warning("%s: schema %s is now %s; as it was: %s", file, number, migrations[-1].number, backup.name)
    elif current.tables:
        log.warning("%s: an older release has opened it and restored rules of its own; they are replaced again.", file)


def _number(file: Path, connection: sqlite3.Connection, current: Schema, migrations: Sequence[Migration]) -> int:
    """The schema number of the file; 0 for an empty file and for one made before migrations were numbered."""
    application, user_version = connection.execute(
        "select application_id, user_version from pragma_application_id, pragma_user_version"
    ).fetchone()
    applied = None
    if application == APPLICATION_ID and "migrations" in current.tables:
        # Not user_version: a release without numbered migrations writes its own there.
        applied = connection.execute("select number, made_by from migrations order by number desc limit 1").fetchone()
    if applied:
        number, program = applied
        if number > migrations[-1].number:
            raise RecordError(
                f"The record {file} was made by {program} (schema {number}); this is {PROGRAM}, which knows schemas up "
                f"to {migrations[-1].number}. Nothing was changed. Upgrade where churn-assets is installed: "
                "git pull && make setup"
            )
        return int(number)
    if application == 0 and user_version == 0 and not (current.tables or current.others):
        return 0
    if application == 0 and user_version in BEFORE_NUMBERS and current.tables.keys() >= TABLES_BEFORE_NUMBERS:
        return 0
    tables = ", ".join(sorted(current.tables)[:5]) or "none"
    raise RecordError(
        f"{file} is no record of a release of churn-assets (application_id {application}, user_version {user_version}, "
        f"tables: {tables}). Nothing was changed. Move it away, or name another --home."
    )


def _refuse_lost(file: Path, current: Schema) -> None:
    """A new record in the place of one that is gone or empty would be copied over all that is left of it."""
    copy = file.with_name("copies") / file.name
    if not current.tables and copy.is_file() and copy.stat().st_size:
        raise RecordError(
            f"The record {file} is missing or empty, but its second copy {copy} is there: bring it back by churn heal."
        )


def _restore_schema(file: Path, connection: sqlite3.Connection, migrations: Sequence[Migration]) -> None:
    """Check the tables against the expected schema, and restore its views, triggers and indexes.

    They differ where a release without numbered migrations has opened the file since: it restores its own.
    """
    current, expected = Schema.of(connection), Schema.after(migrations)
    for table, columns in expected.tables.items():
        if current.tables.get(table) != columns:
            raise RecordError(
                f"The record {file} has another table {table} than schema {migrations[-1].number} "
                f"({current.tables.get(table)} instead of {columns}). Nothing was changed; restore a backup of it."
            )
    for (kind, name), sql in current.others.items():
        if sql and sql != expected.others.get((kind, name)):
            connection.execute(f'drop {kind} "{name}"')
    remaining = Schema.of(connection).others
    for key, sql in expected.others.items():
        if key not in remaining:
            connection.execute(sql)
