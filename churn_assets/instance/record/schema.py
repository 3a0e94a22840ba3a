"""The schema of the record store as numbered migrations: files of SQL, applied in order, each once per home.

To change the schema, add `migrations/<next number>_<what it does>.sql`. That is all the code there is to it:

- It takes a record from the number before to its own, rows included, and is applied in one transaction with those after
  it, after a backup. Plain SQL statements; no `begin`, `commit`, `pragma` or `vacuum`.
- A view or trigger changes by `drop` and `create`. SQLite (3.40) refuses to alter a table that one of them reads: drop
  them first. A column with a meaning that old rows do not have is nullable or has a default that says so.
- A migration that was released is never edited again: tests/unit/instance/test_record_schema.py holds its hash. Add
  the hash of the new one there.
- With a release, tests/fixtures/homes/make.py makes a home of it that all later ones are tested on. Test what a new
  migration does with the rows of the older ones there.

Why not a library: yoyo-migrations (9.0) keeps its lock as a row that a killed process leaves behind, alembic (1.20)
leaves transactions around DDL in SQLite to the caller, and neither makes a backup or refuses a newer program's file.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).with_name("migrations")
# In the header of the file, to tell it from another program's: "chrn".
APPLICATION_ID = 0x6368726E
# `pragma user_version` of the records made before migrations were numbered.
BEFORE_NUMBERS = {0: "0.1.0 before 2026-11-26", 792800754: "0.1.0"}
TABLES_BEFORE_NUMBERS = {"manifest", "facts", "outbox"}


@dataclass(frozen=True)
class Migration:
    """One step of the schema; `name` is that of its file."""

    number: int
    name: str
    sql: str

    @property
    def statements(self) -> list[str]:
        """The single statements: sqlite3's `executescript` would commit their transaction."""
        statements, pending = [], ""
        for line in self.sql.splitlines(keepends=True):
            pending += line
            if sqlite3.complete_statement(pending):
                statements.append(pending)
                pending = ""
        if any(line.strip() and not line.strip().startswith("--") for line in pending.splitlines()):
            raise ValueError(f"migration {self.name} ends in the middle of a statement: {pending.strip()!r}")
        return statements


def migrations_in(folder: Path) -> tuple[Migration, ...]:
    """The migrations in a folder, in order."""
    files = sorted(folder.glob("*.sql"))
    return tuple(Migration(int(file.name[:4]), file.stem, file.read_text(encoding="utf-8")) for file in files)


MIGRATIONS = migrations_in(FOLDER)


@dataclass(frozen=True)
class Schema:
    """The schema of a database: columns per table (name, type, not null, place in the key), SQL of other objects."""

    tables: dict[str, list[tuple[str, str, int, int]]]
    others: dict[tuple[str, str], str]  # (view, trigger or index; name) -> SQL

    @classmethod
    def of(cls, connection: sqlite3.Connection) -> Schema:
        rows = connection.execute(
            "select type, name, sql from sqlite_master where name not like 'sqlite!_%' escape '!'"
        ).fetchall()
        return cls(
            {
                name: [
                    (column, kind, is_required, key)
                    for _, column, kind, is_required, _, key in connection.execute(f'pragma table_info("{name}")')
                ]
                for kind, name, _ in rows
                if kind == "table"
            },
            {(kind, name): sql for kind, name, sql in rows if kind != "table"},
        )

    @classmethod
    def after(cls, migrations: Sequence[Migration]) -> Schema:
        """The schema that the migrations make in an empty database."""
        with closing(sqlite3.connect(":memory:")) as connection:
            for migration in migrations:
                for statement in migration.statements:
                    connection.execute(statement)
            return cls.of(connection)
