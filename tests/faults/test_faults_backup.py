"""Backups: consistent while others write, proven before they are restored, and never bringing back who was erased.

Each test works on a small home that is made in a second (tests/unit/doctor); kills need a process of their own.
"""

from __future__ import annotations

import json
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import datetime
from pathlib import Path

import polars as pl
import pytest

from churn_assets.backup.listing import NAME, NoBackup, read_listing
from churn_assets.backup.make import CannotBackUp, back_up
from churn_assets.backup.restore import NotEmpty, restore
from churn_assets.delivery.consents import ConsentRecord, add_consents
from churn_assets.doctor.files import read_files
from churn_assets.erasure.erase import erase_users
from churn_assets.instance.home import Home
from churn_assets.instance.identity import place
from churn_assets.instance.outbox import OutboxStore
from churn_assets.instance.record.second import damage, edited
from churn_assets.instance.record.store import Record
from churn_assets.instance.tables import Tables
from churn_assets.instance.twice import keep_twice
from churn_assets.landing.pulled import LastReading, folder_of, last_reading, next_file, note_reading
from churn_assets.landing.tombstones import Tombstones
from tests.unit.doctor.conftest import NEWEST, make_home

WHEN = datetime(2026, 11, 16, 9)
ACT = """
import os, signal, sys
from pathlib import Path
from churn_assets.backup import make, restore as restoring
from churn_assets.instance import files
from churn_assets.instance.home import Home

def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

def at(call, number):
    def dying(*args, **kwargs):
        dying.left -= 1
        if dying.left < 0:
            die()
        return call(*args, **kwargs)
    dying.left = number
    return dying

home, folder, target = (Path(name) for name in sys.argv[1:4])
{cut}
{act}
"""
BACK_UP = "make.back_up(Home(home), folder)"
RESTORE = "restoring.restore(folder, target)"
# A process that goes on publishing, sealing, sweeping and recording, as runs and dispatches do.
WORK = """
import sys
from datetime import date, datetime, timedelta
from pathlib import Path
import polars as pl
from churn_assets.delivery.consents import ConsentRecord, add_consents
from churn_assets.instance.record.store import Record
from churn_assets.instance.tables import Tables
root, number = Path(sys.argv[1]), 0
record = Record(root / "record.sqlite")
tables = Tables(root / "tables", record)
while True:
    number += 1
    frame = pl.DataFrame({"user_id": [f"u{n}" for n in range(50)], "number": [number] * 50})
    tables.publish("scoring", "scored_users", date.fromisoformat(sys.argv[2]), frame)
    tables.publish("interventions", "decision_ledger", date(2020, 1, 6) + timedelta(days=7 * number), frame, seal=True)
    no = ConsentRecord(f"w{number}", "email", False, datetime(2026, 1, 1))
    add_consents(record, [no], "unsubscribe", datetime.now())
    tables.sweep()
    print(number, flush=True)
"""


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Not to be changed: a home with messages, consents, and users in raw and published tables."""
    home = make_home(tmp_path_factory.mktemp("backup") / "home")
    record = Record(Home(home).record)
    times = {"not_before": WHEN, "expires_at": WHEN}
    messages = [
        {"message_key": f"k{n}", "decision_id": f"d{n}", "user_id": f"u{n}", "channel": "email", "template": "t",
         "payload": "{}", "state": "planned", **times}
        for n in range(3)
    ]  # fmt: skip
    OutboxStore(record).add(pl.DataFrame(messages, schema_overrides=dict.fromkeys(times, pl.Datetime("us"))))
    consents = [ConsentRecord(f"u{n}", "email", is_granted=bool(n), changed_at=WHEN) for n in range(3)]
    add_consents(record, consents, "unsubscribe", WHEN)
    keep_twice(Home(home))
    return home


@pytest.fixture
def home(made: Path, tmp_path: Path) -> Home:
    return Home(Path(shutil.copytree(made, tmp_path / "home")))


def rows(home: Home) -> dict[str, list[tuple[object, ...]]]:
    with closing(sqlite3.connect(home.record)) as connection:
        return {
            table: connection.execute(f"select * from {table} order by 1").fetchall()
            for table in ("manifest", "outbox", "consent_words", "chain")
        }


def contents(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()}


def in_a_process(act: str, cut: str, *paths: Path) -> subprocess.CompletedProcess[str]:
    script = ACT.replace("{cut}", cut).replace("{act}", act)
    command = [sys.executable, "-c", script, *(str(path) for path in paths)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_what_comes_back_is_what_was_there(home: Home, tmp_path: Path) -> None:
    pulled = folder_of(home.root, "orders", "shop")
    pulled.mkdir(parents=True)
    pl.DataFrame({"order_id": ["1"]}).write_parquet(next_file(pulled))
    note_reading(pulled, LastReading(WHEN, "made of", WHEN.isoformat()))
    home.mapping_file.write_text("sources: []")
    listing = back_up(home, tmp_path / "backup")
    restored = Home(tmp_path / "new")
    restore(tmp_path / "backup", restored.root)
    assert rows(restored)["outbox"] == rows(home)["outbox"]
    assert rows(restored)["consent_words"] == rows(home)["consent_words"]
    assert rows(restored)["manifest"] == rows(home)["manifest"]
    assert contents(restored.tables) == contents(home.tables)
    assert contents(restored.root / "landing") == contents(home.root / "landing")
    assert contents(restored.pulled) == contents(home.pulled)
    assert last_reading(folder_of(restored.root, "orders", "shop")) == last_reading(pulled)
    assert restored.mapping_file.read_bytes() == home.mapping_file.read_bytes()
    assert (restored.root / "churn.yaml").read_bytes() == home.settings_file.read_bytes()
    assert read_files(restored).faults == []
    assert restored.root.stat().st_mode & 0o077 == 0
    assert listing.files == read_listing(tmp_path / "backup").files
    assert not [each.path for each in listing.files if each.path.startswith(("warehouse", "copies", "locks"))]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["backup", "home", "new"], "nothing is left beside them"


def test_a_restored_home_is_another_one_and_its_approvals_hold_no_more(home: Home, tmp_path: Path) -> None:
    back_up(home, tmp_path / "backup")
    restore(tmp_path / "backup", tmp_path / "new")
    new = Home(tmp_path / "new")
    assert place(new, Record(new.record)) != place(home, Record(home.record))


def test_a_home_is_restored_into_an_empty_folder_only(home: Home, tmp_path: Path) -> None:
    back_up(home, tmp_path / "backup")
    before = contents(home.root)
    with pytest.raises(NotEmpty, match="is not empty: a home is restored into a new folder"):
        restore(tmp_path / "backup", home.root)
    assert contents(home.root) == before
    (tmp_path / "empty").mkdir()
    restore(tmp_path / "backup", tmp_path / "empty")


def test_a_backup_has_a_folder_of_its_own_outside_the_home(home: Home, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").touch()
    with pytest.raises(NoBackup, match="is not empty: name a new folder for each backup"):
        back_up(home, tmp_path / "full")
    with pytest.raises(NoBackup, match="lies in the home itself"):
        back_up(home, home.root / "backup")


def test_a_damaged_record_is_not_backed_up(home: Home, tmp_path: Path) -> None:
    home.record.write_bytes(b"garbage" * 1000)
    with pytest.raises(CannotBackUp, match="churn heal first"):
        back_up(home, tmp_path / "backup")


def test_a_sealed_ledger_is_backed_up_from_its_second_copy_other_damage_is_named(home: Home, tmp_path: Path) -> None:
    (ledger,) = home.tables.glob(f"*/decision_ledger/snapshot_date={NEWEST}/*")
    ledger.write_bytes(b"PAR1 other")
    back_up(home, tmp_path / "backup")
    restore(tmp_path / "backup", tmp_path / "new")
    assert read_files(Home(tmp_path / "new")).faults == []
    (scores,) = home.tables.glob(f"*/scored_users/snapshot_date={NEWEST}/*")
    scores.write_bytes(b"PAR1 other")
    with pytest.raises(CannotBackUp, match="are missing, or change faster than they can be copied"):
        back_up(home, tmp_path / "second")


def test_whoever_is_erased_after_a_backup_does_not_come_back_with_it(home: Home, tmp_path: Path) -> None:
    back_up(home, tmp_path / "backup")
    assert "u2" in (tmp_path / "backup" / "landing" / "orders" / "rows.csv").read_text()
    assert erase_users(home.root, ["u2"], "me")
    new = Home(tmp_path / "elsewhere" / "new")
    # On another machine: neither the home nor what lies beside it is there.
    shutil.move(home.root, tmp_path / "gone")
    (tmp_path / "home.tombstones.jsonl").unlink()
    restored = restore(tmp_path / "backup", new.root)
    assert restored.tombstones == 1
    assert Tombstones(new.root).among(["u2"]) == {"u2"}
    assert [row for row in rows(new)["outbox"] if row[2] == "u2"] == []
    assert [row for row in rows(new)["consent_words"] if row[1] == "u2"] == []
    tables = Tables(new.tables, Record(new.record))
    for each in tables.record.partitions():
        assert "u2" not in tables.read(each.stage, each.table, each.snapshot)["user_id"].to_list()
    for file in (new.root / "landing").rglob("*.csv"):
        assert ",u2," not in file.read_text()
        assert not file.read_text().startswith("u2,")
    assert read_files(new).faults == []
    assert (new.root.parent / "new.tombstones.jsonl").exists()


def test_tombstones_beside_the_place_and_of_the_first_home_count(home: Home, tmp_path: Path) -> None:
    """An erasure could not reach the backup, which was on a shelf."""
    back_up(home, tmp_path / "backup")
    shutil.move(tmp_path / "backup", tmp_path / "shelf")
    assert erase_users(home.root, ["u1"], "me")
    assert restore(tmp_path / "shelf", tmp_path / "new").tombstones == 1
    assert [row for row in rows(Home(tmp_path / "new"))["outbox"] if row[2] == "u1"] == []
    shutil.rmtree(home.root)
    restore(tmp_path / "shelf", home.root)
    assert Tombstones(home.root).among(["u1"]) == {"u1"}


def test_while_others_write_a_backup_is_of_one_moment(home: Home, tmp_path: Path) -> None:
    """Several backups while a process publishes, seals, sweeps and records as fast as it can."""
    command = [sys.executable, "-c", WORK, str(home.root), str(NEWEST)]
    worker = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert worker.stdout is not None
        for number in range(4):
            worker.stdout.readline()
            back_up(home, tmp_path / f"backup-{number}")
        assert worker.poll() is None
    finally:
        worker.kill()
        worker.communicate()
    seen = []
    for number in range(4):
        new = Home(tmp_path / f"new-{number}")
        restore(tmp_path / f"backup-{number}", new.root)
        assert read_files(new).faults == []
        sealed = [p for p in Record(new.record).partitions() if p.is_sealed]
        withdrawn = len(rows(new)["consent_words"])
        assert abs(len(sealed) - withdrawn) <= 1, "a ledger and a withdrawal a turn: of one moment"
        seen.append(withdrawn)
    assert seen == sorted(seen)
    assert seen[-1] > seen[0], "it did write meanwhile"


CUTS = {
    "before the first file": "shutil_copy = restoring.shutil.copy2; restoring.shutil.copy2 = at(shutil_copy, 0)",
    "among the files": "shutil_copy = restoring.shutil.copy2; restoring.shutil.copy2 = at(shutil_copy, 9)",
    "before it is proven": "restoring._prove = die",
    "before the erased are removed": "restoring.sweep_erased = die",
    "before the second copies": "restoring.keep_twice = die",
    "before the rename": "restoring._switch_in = die",
    "between tombstones and rename": "Path.rename = at(Path.rename, 10**6); restoring.os.walk = die",
}


@pytest.mark.parametrize("moment", CUTS)
def test_a_kill_leaves_the_place_as_it_was_and_the_same_again_restores(home: Home, tmp_path: Path, moment: str) -> None:
    back_up(home, tmp_path / "backup")
    paths = (home.root, tmp_path / "backup", tmp_path / "new")
    done = in_a_process(RESTORE, CUTS[moment], *paths)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert not (tmp_path / "new").exists()
    assert in_a_process(RESTORE, "", *paths).returncode == 0
    assert read_files(Home(tmp_path / "new")).faults == []
    assert {path.name for path in tmp_path.iterdir()} <= {"backup", "home", "new", "new.tombstones.jsonl"}


@pytest.mark.parametrize(
    "cut",
    ["make.copy_database = at(make.copy_database, 0)", "make._copied = at(make._copied, 4)",
     "make._copy = at(make._copy, 1)", "make.write_listing = die"],
    ids=["before the record", "among the partitions", "among other files", "before the list"],
)  # fmt: skip
def test_a_backup_that_was_killed_is_none(home: Home, tmp_path: Path, cut: str) -> None:
    before = rows(home)
    done = in_a_process(BACK_UP, cut, home.root, tmp_path / "backup", tmp_path / "new")
    assert done.returncode == -signal.SIGKILL, done.stderr
    with pytest.raises(NoBackup, match=f"is no backup, or one that was interrupted: it has no {NAME}"):
        restore(tmp_path / "backup", tmp_path / "new")
    assert not (tmp_path / "new").exists()
    assert {name: each for name, each in rows(home).items() if name != "chain"} == {
        name: each for name, each in before.items() if name != "chain"
    }
    back_up(home, tmp_path / "another")


def test_a_bit_of_a_backup_is_noticed_before_anything_is_restored(home: Home, tmp_path: Path) -> None:
    back_up(home, tmp_path / "backup")
    random_bits = random.Random(7)  # noqa: S311
    listed = [each for each in read_listing(tmp_path / "backup").files if each.bytes]
    for each in random_bits.sample(listed, min(12, len(listed))):
        file = tmp_path / "backup" / each.path
        before = file.read_bytes()
        file.write_bytes(flipped(before, random_bits))
        with pytest.raises(NoBackup, match=r"is damaged: .* has changed"):
            restore(tmp_path / "backup", tmp_path / "new")
        file.write_bytes(before)
        assert not (tmp_path / "new").exists()


def flipped(content: bytes, random_bits: random.Random) -> bytes:
    changed = bytearray(content)
    changed[random_bits.randrange(len(changed))] ^= 1 << random_bits.randrange(8)
    return bytes(changed)


@pytest.mark.parametrize("kind", ["tables/scoring", "tables/interventions", "copies/tables", "tables/training"])
def test_every_flipped_bit_of_a_published_file_is_noticed(home: Home, kind: str) -> None:
    random_bits = random.Random(11)  # noqa: S311
    files = sorted(file for file in (home.root / kind).rglob("*") if file.is_file())
    for _ in range(20):
        file = random_bits.choice(files)
        before = file.read_bytes()
        file.write_bytes(flipped(before, random_bits))
        (fault,) = read_files(home).faults
        assert str(file) in fault
        file.write_bytes(before)
    assert read_files(home).faults == []


def test_a_flipped_bit_of_the_record_is_noticed_where_it_changes_a_row(home: Home) -> None:
    """Most bits of a database lie in pages or places that hold nothing; what is read must be what was recorded."""
    with closing(sqlite3.connect(home.record)) as connection:
        connection.execute("pragma journal_mode = delete").fetchall()
    for ending in ("-wal", "-shm"):
        home.record.with_name(home.record.name + ending).unlink(missing_ok=True)
    good, before = rows(home), home.record.read_bytes()
    random_bits, noticed = random.Random(3), 0  # noqa: S311
    for _ in range(150):
        home.record.write_bytes(flipped(before, random_bits))
        try:
            same = rows(home) == good
        except (sqlite3.DatabaseError, UnicodeDecodeError):
            same = False
        faults = damage(home.record) or edited(home.record)
        noticed += bool(faults)
        assert same or faults, "a changed row went unnoticed"
    home.record.write_bytes(before)
    assert noticed >= 5
    assert damage(home.record) == edited(home.record) == []


def test_known_backups_are_listed_on_record(home: Home, tmp_path: Path) -> None:
    back_up(home, tmp_path / "backup")
    newest = json.loads(Record(home.record).fact("backup.newest") or "")
    assert newest["folder"] == str(tmp_path / "backup")
