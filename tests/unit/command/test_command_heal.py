"""What exists twice is brought back by one command, and what that cannot do is said with the next step."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from datetime import date, datetime
from pathlib import Path

import polars as pl
import pytest

from churn_assets.backup.make import back_up
from churn_assets.command import heal as healing
from churn_assets.command.heal import heal_home, rebuild, verify_files
from churn_assets.delivery.consents import ConsentRecord, add_consents
from churn_assets.erasure.erase import erase_users
from churn_assets.instance.condition import refuse_damaged
from churn_assets.instance.home import Home
from churn_assets.instance.record.chain import FREE, chained_tables
from churn_assets.instance.record.errors import RecordError
from churn_assets.instance.record.kept import KeptRecord
from churn_assets.instance.record.opening import reading
from churn_assets.instance.record.schema import MIGRATIONS, Schema
from churn_assets.instance.record.second import damage, edited
from churn_assets.instance.record.store import Record
from churn_assets.instance.tables import PartitionDamaged, Tables
from churn_assets.instance.twice import keep_twice
from tests.unit.doctor.conftest import NEWEST, SNAPSHOTS, make_home


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = make_home(tmp_path_factory.mktemp("heal") / "home")
    keep_twice(Home(root))
    return root


@pytest.fixture
def home(made: Path, tmp_path: Path) -> Home:
    return Home(Path(shutil.copytree(made, tmp_path / "home")))


def tables_of(home: Home) -> Tables:
    return Tables(home.tables, Record(home.record))


def file_of(home: Home, table: str, day: date = NEWEST) -> Path:
    (file,) = home.tables.glob(f"*/{table}/snapshot_date={day}/*")
    return file


def damage_file(file: Path) -> bytes:
    before = file.read_bytes()
    file.write_bytes(before[:-1] + bytes([before[-1] ^ 1]))
    return before


def test_a_sealed_ledger_has_a_second_copy_from_the_moment_it_is_sealed(home: Home) -> None:
    ledger = file_of(home, "decision_ledger")
    copy = tables_of(home).copies / ledger.relative_to(home.tables)
    assert copy.read_bytes() == ledger.read_bytes()
    assert copy.stat().st_ino != ledger.stat().st_ino


@pytest.mark.parametrize("is_gone", [False, True])
def test_one_bit_of_a_sealed_ledger_stops_nothing_for_ever(
    home: Home, capsys: pytest.CaptureFixture[str], is_gone: bool
) -> None:
    ledger, tables = file_of(home, "decision_ledger"), tables_of(home)
    before = damage_file(ledger)
    if is_gone:
        ledger.unlink()
    with pytest.raises(PartitionDamaged, match="bring it back from its second copy with churn heal"):
        tables.read("interventions", "decision_ledger", NEWEST)
    with pytest.raises(PartitionDamaged, match="Nothing was run; bring it back with churn heal"):
        refuse_damaged(tables, [NEWEST])
    assert not verify_files(home.root)
    assert heal_home(home.root, None, None)
    assert f"Brought back: interventions.decision_ledger of {NEWEST}" in capsys.readouterr().out
    assert ledger.read_bytes() == before
    assert verify_files(home.root)
    refuse_damaged(tables, [NEWEST])


def test_an_erasure_heals_what_it_has_to_rewrite(home: Home) -> None:
    damage_file(file_of(home, "decision_ledger"))
    assert erase_users(home.root, ["u2"], "me")
    ledger = tables_of(home).read("interventions", "decision_ledger", NEWEST)
    assert "u2" not in ledger["user_id"].to_list()
    assert verify_files(home.root), "second copies are those of the ledger without the user"
    for file in home.copies.rglob("*.parquet"):
        assert "u2" not in pl.read_parquet(file)["user_id"].to_list()


def test_what_both_files_have_lost_comes_from_a_backup(
    home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    back_up(home, tmp_path / "backup")
    ledger = file_of(home, "decision_ledger")
    damage_file(ledger)
    damage_file(tables_of(home).copies / ledger.relative_to(home.tables))
    assert not heal_home(home.root, None, None)
    assert "Name a backup that has it: churn heal --from DIR" in " ".join(capsys.readouterr().out.split())
    assert heal_home(home.root, tmp_path / "backup", None)
    assert verify_files(home.root)


def test_a_record_that_is_garbage_comes_back_from_its_copy(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    with Record(home.record).reading() as connection:
        before = connection.execute("select * from manifest order by 1, 2, 3").fetchall()
    home.record.write_bytes(b"garbage" * 500)
    assert heal_home(home.root, None, None)
    assert "The record is back as of" in capsys.readouterr().out
    with Record(home.record).reading() as connection:
        assert connection.execute("select * from manifest order by 1, 2, 3").fetchall() == before
    (kept,) = home.root.glob("record.sqlite.damaged.*")
    assert kept.read_bytes() == b"garbage" * 500
    assert erase_users(home.root, ["u2"], "me"), "what was kept cannot be searched, and goes"
    assert not kept.exists()


def test_a_record_and_copy_that_are_garbage_ask_for_a_backup(home: Home) -> None:
    for file in (home.record, home.record_copy):
        file.write_bytes(b"garbage" * 500)
    with pytest.raises(RecordError, match="restore your newest backup into an empty folder with churn restore"):
        heal_home(home.root, None, None)


def test_rows_edited_by_another_program_are_named_and_stand_only_if_accepted(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    record = Record(home.record)
    add_consents(record, [ConsentRecord("u1", "email", is_granted=False, changed_at=datetime(2026, 1, 1))], "x", datetime(2026, 1, 1))  # fmt: skip  # noqa: E501
    keep_twice(home)
    copy = home.record_copy.read_bytes()
    with closing(sqlite3.connect(home.record, isolation_level=None)) as connection:
        connection.execute("update consent_words set is_granted = 1")
    assert edited(home.record) == [
        "1 rows of consent_words were edited or added outside churn (1)",
        "another program has written 2 rows of consent_words",
    ]
    keep_twice(home)
    assert home.record_copy.read_bytes() == copy, "no edited record replaces the copy of a good one"
    assert not heal_home(home.root, None, None)
    assert not heal_home(home.root, None, None)
    assert heal_home(home.root, None, "corrected by hand after a call")
    assert edited(home.record) == []
    with record.reading() as connection:
        (detail,) = connection.execute("select detail from audit where act = 'accept'").fetchone()
    assert detail == "corrected by hand after a call"
    assert "Accepted as they are: 1 rows of consent_words" in capsys.readouterr().out


def test_rows_of_an_earlier_release_are_chained_when_they_are_upgraded(tmp_path: Path) -> None:
    released = Path(__file__).parents[2] / "fixtures" / "homes" / "0.1.0" / "record.sqlite"
    file = Path(shutil.copy(released, tmp_path / "record.sqlite"))
    with reading(file):
        pass
    assert damage(file) == edited(file) == []
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("delete from suppressions")
        connection.execute("delete from changed")
    assert edited(file) == ["2 rows of suppressions were removed outside churn"]


def test_a_connection_that_stays_open_chains_what_it_writes(tmp_path: Path) -> None:
    kept = KeptRecord(tmp_path / "record.sqlite")
    with kept.writing() as connection:
        connection.execute("insert into channel_suppressions values ('u1', 'email', 'bounced', '2026-01-05', 'me')")
    kept.flush()
    assert edited(tmp_path / "record.sqlite") == []
    kept._connection().close()


def test_every_table_of_the_record_is_chained_or_free() -> None:
    schema = Schema.after(MIGRATIONS)
    triggers = {name for kind, name in schema.others if kind == "trigger"}
    for table in schema.tables.keys() - FREE:
        assert {f"{table}_chain_{event}" for event in ("insert", "update", "delete")} <= triggers, table
    assert chained_tables().keys() == schema.tables.keys() - FREE


def test_a_rebuild_runs_the_snapshots_of_what_is_damaged_and_compares_the_bytes(
    home: Home, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Which runs it asks for; that a run leaves the same bytes is for tests/pipeline."""
    damage_file(file_of(home, "scored_users", SNAPSHOTS[0]))
    file_of(home, "churn_model", NEWEST).unlink()
    asked = []

    def run(root: Path, days: list[date]) -> bool:
        asked.append(days)
        tables = tables_of(home)
        for day in days:
            frame = pl.DataFrame({"user_id": [f"u{n}" for n in range(200)], "snapshot_date": [day] * 200})
            tables.publish("scoring", "scored_users", day, frame)
            is_other = day == NEWEST
            tables.publish("training", "churn_model", day, frame.head(5) if is_other else frame)
        return True

    monkeypatch.setattr(healing, "run_days", run)
    assert not rebuild(home.root, is_all=False)
    assert asked == [[SNAPSHOTS[0]], [NEWEST]]
    printed = capsys.readouterr().out
    assert "9 of 10 partitions have the same bytes as before." in printed
    assert f"other bytes: training.churn_model of {NEWEST}" in printed
    asked.clear()
    assert rebuild(home.root, is_all=False)
    assert asked == []
    home.warehouse.write_bytes(b"garbage" * 500)
    rebuild(home.root, is_all=False)
    assert asked == [SNAPSHOTS]
    assert not home.warehouse.exists(), "the run makes it anew"
