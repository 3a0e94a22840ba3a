"""Users in SQLite databases: rows of the record store, texts in the databases of Dagster."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from churn_assets.erasure.traces import KEY_COLUMNS, Traces
from churn_assets.instance.record.chain import chained
from churn_assets.landing.ids import same_id
from churn_assets.landing.tombstones import Tombstones

WAIT_SECONDS = 60
NOTES = "changed"  # keys of changed rows, in the record (instance/record/chain.py)
NOTICES = "erasure_notices"  # they say whom to erase, and go once they are handed over (delivery/notices.py)


def rows_in(file: Path, traces: Traces) -> dict[str, int]:
    """Number of rows by table that are the users' or name them."""
    counts: dict[str, int] = {}
    with _open(file, traces) as connection:
        for table, columns in _tables(connection).items():
            if table == NOTICES:
                continue
            conditions = ["is_theirs(user_id)"] if "user_id" in columns else []
            conditions += [f'is_theirs_or_names_them("{column}")' for column in columns]
            row = connection.execute(f'select count(*) from "{table}" where {" or ".join(conditions)}').fetchone()
            counts[table] = int(row[0])
    return counts


def erased_in(file: Path, tombstones: Tombstones) -> set[str]:
    """Users with a tombstone who are in a table with a user_id."""
    users: set[str] = set()
    with _open(file, Traces(frozenset())) as connection:
        for table, columns in _tables(connection).items():
            if "user_id" in columns:
                rows = connection.execute(f'select distinct cast(user_id as text) from "{table}"').fetchall()
                users |= {same_id(user) for (user,) in rows if user}
    return tombstones.among(users)


def keys_in(file: Path, users: frozenset[str]) -> set[str]:
    """Keys of the decisions about the users and of the messages to them."""
    keys: set[str] = set()
    with _open(file, Traces(users)) as connection:
        for table, columns in _tables(connection).items():
            for key in KEY_COLUMNS:
                if {key, "user_id"} <= columns:
                    rows = connection.execute(f'select distinct {key} from "{table}" where is_theirs(user_id)')
                    keys |= {str(value) for (value,) in rows.fetchall() if value is not None}
    return keys


def remove(file: Path, traces: Traces, *, with_rows: bool) -> None:
    """Remove the users' rows if `with_rows`, their names from every text, and both from the file's free pages."""
    with _open(file, traces) as connection:
        connection.execute("pragma secure_delete = on")
        connection.execute("begin immediate")
        before = connection.total_changes
        with chained(connection, file):  # of the record, and of its backups
            for table, columns in _tables(connection).items():
                if table in (NOTES, NOTICES):
                    continue  # the chain is about to read the first
                if with_rows:
                    _delete(connection, table, columns)
                for column in sorted(columns):
                    _anonymise(connection, table, column, traces)
        if NOTES in _tables(connection):
            _anonymise(connection, NOTES, "row_key", traces)
        is_changed = connection.total_changes > before
        connection.execute("commit")
        if is_changed:
            connection.execute("vacuum")
        connection.execute("pragma wal_checkpoint(truncate)").fetchall()


def _delete(connection: sqlite3.Connection, table: str, columns: set[str]) -> None:
    if "user_id" in columns:
        connection.execute(f'delete from "{table}" where is_theirs(user_id)')
    else:
        for key in columns.intersection(KEY_COLUMNS):
            connection.execute(f'delete from "{table}" where is_their_key({key})')


def _anonymise(connection: sqlite3.Connection, table: str, column: str, traces: Traces) -> None:
    values_sql = f'select distinct "{column}" from "{table}" where is_theirs_or_names_them("{column}")'
    for (value,) in connection.execute(values_sql).fetchall():
        anonymised = traces.without(_text(value))
        with suppress(sqlite3.IntegrityError):  # a row that may not be changed stays, as the proof says
            connection.execute(
                f'update "{table}" set "{column}" = ? where "{column}" is ?',
                (anonymised if isinstance(value, str) else anonymised.encode("utf-8", "surrogateescape"), value),
            )


@contextmanager
def _open(file: Path, traces: Traces) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(file, timeout=WAIT_SECONDS, isolation_level=None)
    try:
        connection.create_function("is_theirs", 1, lambda value: same_id(_text(value)) in traces.users)
        connection.create_function("is_their_key", 1, lambda value: value in traces.keys)
        connection.create_function(
            "is_theirs_or_names_them", 1, lambda value: isinstance(value, str | bytes) and traces.is_in(_text(value))
        )
        yield connection
    finally:
        connection.close()  # an open transaction is rolled back


def _tables(connection: sqlite3.Connection) -> dict[str, set[str]]:
    """Columns of each table."""
    names = connection.execute(
        "select name from sqlite_master where type = 'table' and name not like 'sqlite!_%' escape '!'"
    )
    return {
        name: {row[1] for row in connection.execute(f'pragma table_info("{name}")').fetchall()}
        for (name,) in names.fetchall()
    }


def _text(value: object) -> str:
    return value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else str(value)
