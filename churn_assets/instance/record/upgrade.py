"""Bringing the file of the record store to the newest schema: recognised, backed up, changed in one transaction."""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

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
BOOK = """
create table if not exists migrations (
  number integer primary key, name text not null, made_by text not null, applied_at text not null
) strict
"""
log = logging.getLogger(__name__)


def is_newest(connection: sqlite3.Connection, migrations: Sequence[Migration] = MIGRATIONS) -> bool:
    """Whether the file has the newest schema of this program. Reads its header and no more."""
    found = connection.execute("select application_id, user_version from pragma_application_id, pragma_user_version")
    return bool(found.fetchone() == (APPLICATION_ID, migrations[-1].number))


def write_ahead(connection: sqlite3.Connection) -> None:
    """Keep a log (WAL). To change to it SQLite wants the file alone, and gives up instead of waiting for that."""
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
    """Bring the record at `file` to the newest schema, or make it where there is none.

    One process does it, the others wait; killed or out of room at any moment, the file is what it was. Raises
    RecordError where the file is a newer program's, another program's, or not what its number says.
    """
    backup = None
    with closing(sqlite3.connect(file, timeout=WAIT_SECONDS, isolation_level=None)) as connection:
        connection.execute("pragma synchronous = full")
        connection.execute("begin immediate")
        if is_newest(connection, migrations):
            return  # another process was quicker
        held = Schema.of(connection)
        number = _number(file, connection, held, migrations)
        if held.tables and number < migrations[-1].number:
            backup = back_up(file, number)
        connection.execute(BOOK)
        for migration in migrations[number:]:
            for statement in migration.statements:
                connection.execute(statement)
            applied = (migration.number, migration.name, PROGRAM, datetime.now(UTC).isoformat(timespec="seconds"))
            connection.execute("insert into migrations values (?, ?, ?, ?)", applied)
        _settle(file, connection, migrations)
        connection.execute(f"pragma application_id = {APPLICATION_ID}")
        connection.execute(f"pragma user_version = {migrations[-1].number}")
        connection.execute("commit")
        write_ahead(connection)
    if backup:
        remove_old(file)
        log.warning("%s: schema %s is now %s; as it was: %s", file, number, migrations[-1].number, backup.name)
    elif held.tables:
        log.warning("%s: an older release has opened it and put back rules of its own; they are replaced again.", file)


def _number(file: Path, connection: sqlite3.Connection, held: Schema, migrations: Sequence[Migration]) -> int:
    """The number of the schema that the file has; 0 for an empty one and for those made before there were numbers."""
    application, user_version = connection.execute(
        "select application_id, user_version from pragma_application_id, pragma_user_version"
    ).fetchone()
    applied = None
    if application == APPLICATION_ID and "migrations" in held.tables:
        # Not user_version: a program from before the numbers puts its own there.
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
    if application == 0 and user_version == 0 and not (held.tables or held.others):
        return 0
    if application == 0 and user_version in BEFORE_NUMBERS and held.tables.keys() >= TABLES_BEFORE_NUMBERS:
        return 0
    tables = ", ".join(sorted(held.tables)[:5]) or "none"
    raise RecordError(
        f"{file} is no record of a release of churn-assets (application_id {application}, user_version {user_version}, "
        f"tables: {tables}). Nothing was changed. Move it away, or name another --home."
    )


def _settle(file: Path, connection: sqlite3.Connection, migrations: Sequence[Migration]) -> None:
    """Hold the file against the schema it should have. Tables have to agree; views, triggers and indexes are made to.

    They differ where a program from before the numbers has opened the file since: it puts back those it knows.
    """
    held, wanted = Schema.of(connection), Schema.after(migrations)
    for table, columns in wanted.tables.items():
        if held.tables.get(table) != columns:
            raise RecordError(
                f"The record {file} has another table {table} than schema {migrations[-1].number} "
                f"({held.tables.get(table)} instead of {columns}). Nothing was changed; put back a backup of it."
            )
    for (kind, name), sql in held.others.items():
        if sql and sql != wanted.others.get((kind, name)):
            connection.execute(f'drop {kind} "{name}"')
    left = Schema.of(connection).others
    for key, sql in wanted.others.items():
        if key not in left:
            connection.execute(sql)
