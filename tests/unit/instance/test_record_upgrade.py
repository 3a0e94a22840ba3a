"""A record opens in every later release with all its rows; what cannot be opened is refused and left as it was."""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from churn_assets.instance.record.backups import KEPT, backups_of
from churn_assets.instance.record.errors import RecordError
from churn_assets.instance.record.opening import reading, writing
from churn_assets.instance.record.schema import APPLICATION_ID, MIGRATIONS, Migration, Schema
from churn_assets.instance.record.second import edited
from churn_assets.instance.record.upgrade import PROGRAM, upgrade

RowsOf = Callable[[Path], dict[str, list[tuple[Any, ...]]]]
# A next migration of every kind: a column, a rule that reads it, rows that get a value.
NEXT = Migration(
    len(MIGRATIONS) + 1,
    f"{len(MIGRATIONS) + 1:04}_next",
    """
drop trigger a_payload_is_for_ever;
alter table outbox add column priority integer not null default 1;
update outbox set priority = 2 where channel = 'call';
create trigger a_payload_is_for_ever before update of payload, priority on outbox
begin
  select raise(abort, 'neither content nor priority ever changes');
end;
""",
)
BROKEN = Migration(NEXT.number, "broken", "update outbox set state = 'planned';\ninsert into nowhere values (1);\n")


def execute(file: Path, *statements: str) -> None:
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)


def header(file: Path) -> tuple[int, int]:
    with closing(sqlite3.connect(file)) as connection:
        application, version = (
            connection.execute(f"pragma {p}").fetchone()[0] for p in ("application_id", "user_version")
        )
    return application, version


def test_every_row_of_every_release_survives(released: Path, rows_of: RowsOf, caplog: pytest.LogCaptureFixture) -> None:
    before = rows_of(released)
    with reading(released) as connection:
        held = Schema.of(connection)
    wanted = Schema.after(MIGRATIONS)
    assert {name: columns for name, columns in held.tables.items() if name != "migrations"} == wanted.tables
    assert held.others == wanted.others
    after = rows_of(released)
    assert {name: after[name] for name in before} == before
    assert {name: rows for name, rows in after.items() if name not in before and rows}.keys() <= {"chain", "chain_head"}
    assert header(released) == (APPLICATION_ID, len(MIGRATIONS))
    (backup,) = backups_of(released)
    assert backup.stat().st_mode & 0o777 == 0o600
    assert rows_of(backup) == before
    assert caplog.messages == [f"{released}: schema 0 is now {len(MIGRATIONS)}; as it was: {backup.name}"]


def test_what_has_the_newest_schema_is_only_opened(newest_release: Path) -> None:
    with writing(newest_release):
        pass
    content, names = newest_release.read_bytes(), sorted(file.name for file in newest_release.parent.iterdir())
    with reading(newest_release) as connection:
        assert connection.execute("select count(*) from outbox").fetchone() == (86,)
    upgrade(newest_release)
    assert newest_release.read_bytes() == content
    assert sorted(file.name for file in newest_release.parent.iterdir()) == names


def test_a_new_record_has_no_backup_and_says_who_made_it(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    file = tmp_path / "record.sqlite"
    with reading(file) as connection:
        made = connection.execute("select number, name, made_by from migrations order by number").fetchall()
    assert made == [(migration.number, migration.name, PROGRAM) for migration in MIGRATIONS]
    assert sorted(each.name for each in tmp_path.iterdir()) == ["record.sqlite", "secrets"]
    assert caplog.messages == []


def test_an_upgrade_takes_the_rows_along_step_by_step(newest_release: Path, rows_of: RowsOf) -> None:
    before = rows_of(newest_release)["outbox"]
    upgrade(newest_release)
    upgrade(newest_release, (*MIGRATIONS, NEXT))
    after = rows_of(newest_release)["outbox"]
    assert [row[:-1] for row in after] == before
    assert {(row[3], row[-1]) for row in after} == {("email", 1), ("call", 2)}
    assert header(newest_release) == (APPLICATION_ID, NEXT.number)
    numbers = [backup.name.split(".schema-")[1].split(".")[0] for backup in backups_of(newest_release)]
    assert numbers == [str(NEXT.number - 1), "0"]
    with pytest.raises(sqlite3.IntegrityError, match="neither content nor priority"):
        execute(newest_release, "update outbox set priority = 3")


def test_several_steps_at_once_end_the_same(newest_release: Path, rows_of: RowsOf, tmp_path: Path) -> None:
    other = tmp_path / "other.sqlite"
    other.write_bytes(newest_release.read_bytes())
    upgrade(newest_release)
    upgrade(newest_release, (*MIGRATIONS, NEXT))
    upgrade(other, (*MIGRATIONS, NEXT))
    chained = {"chain", "chain_head"}  # in the order of changes
    at_once, step_by_step = rows_of(other), rows_of(newest_release)
    assert {name: at_once[name] for name in at_once.keys() - chained} == {
        name: step_by_step[name] for name in step_by_step.keys() - chained
    }
    assert edited(other) == edited(newest_release) == []


@pytest.mark.parametrize("number", [1, None])
def test_a_step_that_fails_leaves_the_file_to_the_old_program(
    newest_release: Path, rows_of: RowsOf, number: int | None
) -> None:
    if number:
        upgrade(newest_release)
    before, held = rows_of(newest_release), header(newest_release)
    with pytest.raises(sqlite3.OperationalError, match="no such table: nowhere"):
        upgrade(newest_release, (*MIGRATIONS, BROKEN))
    assert (rows_of(newest_release), header(newest_release)) == (before, held)
    upgrade(newest_release, (*MIGRATIONS, NEXT))
    assert header(newest_release)[1] == NEXT.number


def test_a_record_of_a_newer_program_is_refused_with_the_command_that_helps(newest_release: Path) -> None:
    upgrade(newest_release, (*MIGRATIONS, NEXT))
    execute(newest_release, f"update migrations set made_by = 'churn-assets 9.9.9' where number = {NEXT.number}")
    content = newest_release.read_bytes()
    told = (
        rf"record.sqlite was made by churn-assets 9.9.9 \(schema {NEXT.number}\); this is {PROGRAM}, which knows "
        rf"schemas up to {len(MIGRATIONS)}. Nothing was changed. "
        "Upgrade where churn-assets is installed: git pull && make setup"
    )
    for opened in (reading, writing):
        with pytest.raises(RecordError, match=told), opened(newest_release):
            pass
    assert newest_release.read_bytes() == content
    assert len(backups_of(newest_release)) == 1, "of the upgrade before"


def test_a_program_from_before_the_numbers_does_not_leave_its_rules_behind(
    newest_release: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It takes the number for an old one, puts back the views and triggers it knows, and its own number."""
    upgrade(newest_release)
    caplog.clear()
    execute(
        newest_release,
        "drop trigger nothing_leaves_without_consent",
        "create trigger a_rule_of_then before update on outbox begin select raise(abort, 'then'); end",
        "create view newest_words as select user_id, channel, 1 as is_granted from consent_words",
        "pragma user_version = 792800754",
    )
    with reading(newest_release) as connection:
        assert Schema.of(connection).others == Schema.after(MIGRATIONS).others
        assert connection.execute("select count(*) from migrations").fetchone() == (len(MIGRATIONS),)
    assert caplog.messages == [
        f"{newest_release}: an older release has opened it and restored rules of its own; they are replaced again."
    ]
    assert len(backups_of(newest_release)) == 1, "of the upgrade; no row has changed since"
    assert header(newest_release) == (APPLICATION_ID, len(MIGRATIONS))


@pytest.mark.parametrize(
    ("statements", "told"),
    [
        (["create table notes (x)"], r"application_id 0, user_version 0, tables: notes\)"),
        (["create table manifest (x)", "pragma user_version = 1"], r"user_version 1, tables: manifest\)"),
        (["pragma application_id = 252006674"], r"application_id 252006674"),
        (["create table notes (x)", f"pragma application_id = {APPLICATION_ID}"], "tables: notes"),
    ],
)  # fmt: skip
def test_a_file_of_another_program_is_refused_and_left_alone(tmp_path: Path, statements: list[str], told: str) -> None:
    file = tmp_path / "record.sqlite"
    execute(file, *statements)
    content = file.read_bytes()
    for opened in (reading, writing):
        with pytest.raises(RecordError, match=f"is no record of a release of churn-assets .*{told}"), opened(file):
            pass
    assert file.read_bytes() == content
    assert [each.name for each in tmp_path.iterdir()] == ["record.sqlite"]


def test_a_table_that_no_release_had_is_refused_by_name(newest_release: Path, rows_of: RowsOf) -> None:
    execute(newest_release, "alter table suppressions rename column since to since_when")
    before = rows_of(newest_release)
    with pytest.raises(
        RecordError,
        match=rf"has another table suppressions than schema {len(MIGRATIONS)} .*since_when.* restore a backup",
    ):
        upgrade(newest_release)
    assert rows_of(newest_release) == before


@pytest.mark.parametrize(
    "content", [b"PAR1 no database at all, but long enough to look at" * 9, b"SQLite format 3\0" + b"\xff" * 4096]
)
def test_what_is_no_database_or_a_damaged_one_is_said_to_be_so(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "record.sqlite"
    file.write_bytes(content)
    told = r"record.sqlite cannot be used \(.*\): it is no SQLite database or a damaged one"
    for opened in (reading, writing):
        with pytest.raises(RecordError, match=told), opened(file):
            pass
    assert file.read_bytes() == content


def test_without_a_backup_nothing_is_changed(newest_release: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_descriptor: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    content = newest_release.read_bytes()
    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(RecordError, match=r"no backup of it can be made \(.*Input/output error\): nothing was changed"):
        upgrade(newest_release)
    assert newest_release.read_bytes() == content
    assert [each.name for each in newest_release.parent.iterdir()] == ["record.sqlite"]


def test_the_newest_backups_are_kept(tmp_path: Path) -> None:
    file = tmp_path / "record.sqlite"
    last_number = len(MIGRATIONS)
    numbers = range(last_number + 1, last_number + KEPT + 3)
    steps = [Migration(n, f"{n:04}", f"create table t{n} (x);\n") for n in numbers]
    for last in range(len(steps)):
        upgrade(file, (*MIGRATIONS, *steps[: last + 1]))
    kept = [int(backup.name.split(".schema-")[1].split(".")[0]) for backup in backups_of(file)]
    newest = steps[-1].number - 1
    assert kept == list(range(newest, newest - KEPT, -1))
