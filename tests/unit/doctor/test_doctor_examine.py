"""Every planted fault is named by the check that is for it, and healthy homes have none."""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest
from filelock import FileLock
from typer.testing import CliRunner

from churn_assets.command.cli import app
from churn_assets.delivery.consents import ConsentRecord, add_consents
from churn_assets.doctor.examine import CHECKS, examine
from churn_assets.doctor.finding import Finding
from churn_assets.doctor.machine import Machine
from churn_assets.doctor.status import status
from churn_assets.instance.home import Home
from churn_assets.instance.record.store import Record
from churn_assets.instance.suppressions import suppress
from churn_assets.instance.tables import Tables
from churn_assets.landing.tombstones import Tombstones
from tests.unit.doctor.conftest import MACHINE, NEWEST, NOW, SNAPSHOTS, dagster_database, raw_rows

Plant = Callable[[Path], Machine | None]


def sql(statement: str) -> Plant:
    def plant(root: Path) -> None:
        with closing(sqlite3.connect(root / "record.sqlite", isolation_level=None)) as connection:
            connection.execute(statement)

    return plant


def write(name: str, content: bytes | str) -> Plant:
    def plant(root: Path) -> None:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content if isinstance(content, bytes) else content.encode())

    return plant


def machine(**changes: object) -> Plant:
    return lambda _: replace(MACHINE, **changes)  # type: ignore[arg-type]


def opened(name: str, mode: int) -> Plant:
    def plant(root: Path) -> None:
        root.chmod(0o755)
        (root / name).chmod(mode)

    return plant


def published(root: Path, table: str, day: date) -> Path:
    (file,) = (root / "tables").glob(f"*/{table}/snapshot_date={day}/*.parquet")
    return file


def flip(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 4
    file.write_bytes(content)


def flipped(table: str, day: date = NEWEST) -> Plant:
    return lambda root: flip(published(root, table, day))


def without(name: str) -> Plant:
    def plant(root: Path) -> None:
        path = root / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()

    return plant


def without_snapshot(day: date, *tables: str) -> Plant:
    listed = ", ".join(f"'{table}'" for table in tables)
    condition = f"and table_name in ({listed})" if tables else ""

    def plant(root: Path) -> None:
        sql(f"delete from manifest where snapshot_date = '{day}' {condition}")(root)
        Tables(root / "tables", Record(root / "record.sqlite")).sweep()

    return plant


def flipped_copy(root: Path) -> None:
    flip(root / "copies" / "tables" / published(root, "decision_ledger", NEWEST).relative_to(root / "tables"))


def older_schema(root: Path) -> None:
    (root / "record.sqlite").unlink()
    released = Path(__file__).parents[2] / "fixtures" / "homes" / "0.1.0" / "record.sqlite"
    shutil.copy(released, root / "record.sqlite")


def scrambled_record(root: Path) -> None:
    """A page in the middle of the database is overwritten."""
    with closing(sqlite3.connect(root / "record.sqlite")) as connection:
        connection.execute("pragma wal_checkpoint(truncate)").fetchall()
        connection.execute("pragma journal_mode = delete").fetchall()
        (page,) = connection.execute("select rootpage from sqlite_master where name = 'manifest'").fetchone()
    with (root / "record.sqlite").open("r+b") as file:
        file.seek((page - 1) * 4096)
        file.write(b"\x55" * 4096)


def edited(*statements: str) -> Plant:
    """By somebody with a program of their own."""

    def plant(root: Path) -> None:
        record = Record(root / "record.sqlite")
        no = ConsentRecord("u1", "email", is_granted=False, changed_at=NOW)
        add_consents(record, [no], "unsubscribe", NOW)
        suppress(record, "u2", "bounced", "me", NOW)
        record.state_fact("anything", "of value")
        assert severe(looked_at(root)) == []
        for statement in statements:
            sql(statement)(root)

    return plant


def dead_run(root: Path) -> None:
    dagster_database(root, "history/runs.db", "insert into runs values ('dead-one', 'STARTED', 1.0)")
    (root / "locks" / "run-dead-one.lock").touch()


def schedule_without_daemon(root: Path) -> None:
    dagster_database(root, "schedules/schedules.db", "insert into instigators values ('{}', 'RUNNING')")
    long_ago = NOW - timedelta(days=3)
    dagster_database(root, "history/runs.db", f"insert into daemon_heartbeats values ('SENSOR', '{long_ago}')")


def stale_scores(root: Path) -> None:
    later = NOW - timedelta(seconds=1)
    sql(f"update manifest set published_at = '{later.isoformat()}' where table_name = 'churn_model'")(root)
    earlier = NOW - timedelta(days=1)
    sql(f"update manifest set published_at = '{earlier.isoformat()}' where table_name = 'scored_users'")(root)


def tombstone_beside_only(root: Path) -> None:
    Tombstones(root).add(["u3"], "me")
    (root / "tombstones.jsonl").unlink()


def tombstone_inside_only(root: Path) -> None:
    Tombstones(root).add(["u3"], "me")
    (root.parent / f"{root.name}.tombstones.jsonl").unlink()


def torn_tombstone(root: Path) -> None:
    Tombstones(root).add(["u3"], "me")
    with (root / "tombstones.jsonl").open("a") as file:
        file.write('{"salt": "12')


def approved_without_key(root: Path) -> None:
    sql("insert into approvals values (1, '2026-01-05', 'x', 1, 1.0, 'me', '2026-01-05T10:00:00', 'y')")(root)
    (root / "secrets" / "approval.key").unlink()


ATTEMPT = "insert into attempts values (1, 'k', 'u1', 'smtp', 'x', '2026-01-05T10:00:00', {fate}, null, null)"
OLD_BACKUP = json.dumps({"at": (NOW - timedelta(days=40)).isoformat(), "folder": "/backups/1"})
# What is planted, and the check that has to name it.
DATABASE = """
sources:
  - name: shop
    database: postgresql://127.0.0.1:1/shop
    tables: {coupons: {table: coupons, columns: {coupon_id: id, user_id: customer_id, issued_at: at}}}
"""
PLANTED: dict[str, tuple[str, Plant]] = {
    "a Python that is too old": ("python_version", machine(python=(3, 10))),
    "a Python that is too new": ("python_version", machine(python=(3, 14))),
    "a package of another version": ("package_versions", machine(wrong_packages={"polars": "1.0, ==2.1.0 is needed"})),
    "a dbt project edited since": ("installation", machine(is_prepared=False)),
    "a full disk": ("disk_space", machine(free_bytes=5 << 20)),
    "a disk without inodes": ("disk_space", machine(free_files=3)),
    "the port of the UI taken": ("port", machine(taken_ports=[3000])),
    "the port of the console taken": ("port", machine(taken_ports=[3100])),
    "no Chinese font": ("fonts", machine(has_chinese_font=False)),
    "a clock that was set back": ("clock", machine(now=NOW - timedelta(days=400))),
    "settings that are no YAML": ("settings", write("churn.yaml", "churn: [")),
    "an unknown setting": ("settings", write("churn.yaml", "churn: {horizon: 3}")),
    "settings in churn.yml": ("settings", write("churn.yml", "churn: {}")),
    "a home open to others": ("private", lambda root: root.chmod(0o755)),
    "a key others can read": ("private", opened("secrets/approval.key", 0o644)),
    "raw tables others can read": ("private", opened("landing/orders/rows.csv", 0o640)),
    "a key cut short": ("secrets", write("secrets/approval.key", b"short")),
    "a key that is gone": ("secrets", approved_without_key),
    "an old copy of the home": ("tombstones", tombstone_beside_only),
    "tombstones in the home only": ("tombstones", tombstone_inside_only),
    "a torn tombstone": ("tombstones", torn_tombstone),
    "an interrupted erasure": ("pending_erasure", write("erasure-pending.json", "{}")),
    "a file that a killed process began": ("left_overs", write("reports/.4194000.tmp", "half")),
    "a lock file of no run": ("locks", write("locks/run-gone.lock", "")),
    "Dagster's own event log": ("dagster_config", write("dagster/dagster.yaml", "telemetry: {enabled: false}\n")),
    "no record": ("record", without("record.sqlite")),
    "a record that is no database": ("record", write("record.sqlite", "garbage" * 1000)),
    "a record with a damaged page": ("record", scrambled_record),
    "a consent edited": ("record_rows", edited("update consent_words set is_granted = 1")),
    "a withdrawal removed": ("record_rows", edited("delete from consent_words")),
    "a suppression removed": ("record_rows", edited("delete from suppressions")),
    "a fact edited": ("record_rows", edited("update facts set value = 'other'")),
    "an edit without its note": ("record_rows", edited("delete from suppressions", "delete from changed")),
    "the newest entries cut off": ("record_rows", edited("delete from chain where sequence > 2")),
    "the key of the chain gone": ("record_rows", without("secrets/record.key")),
    "an older record": ("migrations", older_schema),
    "a record of a newer release": ("migrations", sql("insert into migrations values (99, 'x', 'y 9.9', 'z')")),
    "a warehouse that is garbage": ("warehouse", write("warehouse.duckdb", "garbage" * 1000)),
    "a warehouse cut short": ("warehouse", lambda root: os.truncate(root / "warehouse.duckdb", 5000)),
    "no warehouse": ("warehouse", without("warehouse.duckdb")),
    "a bit of a scored table": ("published_files", flipped("scored_users")),
    "a bit of a sealed ledger": ("published_files", flipped("decision_ledger")),
    "a bit of the second copy of it": ("published_files", flipped_copy),
    "a published file that is gone": ("published_files", lambda r: published(r, "churn_model", SNAPSHOTS[0]).unlink()),
    "no second copies": ("second_copies", without("copies")),
    "files of no partition": ("orphan_files", write("tables/scoring/scored_users/x.parquet", "PAR1")),
    "no raw orders": ("landing", without("landing/orders")),
    "raw orders without a column": ("landing", write("landing/orders/rows.csv", "order_id,user_id\n1,2\n")),
    "an export that stopped": ("landing_fresh", lambda root: raw_rows(root, NEWEST - timedelta(days=30))),
    "consents that stopped": (
        "consent_fresh",
        lambda root: raw_rows(root, NEWEST - timedelta(days=1), NEWEST - timedelta(days=200)),
    ),
    "a database that does not answer": ("sources_answer", write("mapping.yaml", DATABASE)),
    "a database that was never read": ("sources_fresh", write("mapping.yaml", DATABASE)),
    "a dead run": ("dead_runs", dead_run),
    "a table withheld": (
        "withheld",
        sql(f"insert into withheld values ('scoring', 'scored_users', '{NEWEST}', 'its check failed', '{NEWEST}')"),
    ),
    "a snapshot left out": ("missing_partitions", without_snapshot(SNAPSHOTS[1])),
    "a run that did not finish": ("missing_partitions", without_snapshot(NEWEST, "decision_ledger")),
    "a snapshot that is due": ("due", without_snapshot(NEWEST)),
    "scores older than their model": ("stale_partitions", stale_scores),
    "a schedule without a daemon": ("schedule", schedule_without_daemon),
    "a backup of long ago": ("backup_age", sql(f"insert into facts values ('backup.newest', '{OLD_BACKUP}')")),
    "messages sent and no backup": ("backup_age", sql(ATTEMPT.format(fate="'delivered'"))),
    "a dispatch that was killed": ("unanswered", sql(ATTEMPT.format(fate="null"))),
}  # fmt: skip
NOT_SEVERE = {"fonts"}  # right as it is where nobody reads Chinese


def severe(findings: list[Finding]) -> list[Finding]:
    return [each for each in findings if each.severity != "note"]


def looked_at(root: Path, used: Machine | None = None) -> list[Finding]:
    return list(examine(root, used or MACHINE))


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_fault_is_named_with_what_to_do(root: Path, name: str) -> None:
    code, plant = PLANTED[name]
    named = [each for each in looked_at(root, plant(root)) if each.code == code]
    assert named, f"{name} is not found"
    assert (code in NOT_SEVERE) == (not severe(named))
    for each in named:
        assert each.what.strip()
        assert each.fix.strip()
        assert "\n" not in each.what + each.fix, "one line each"


def test_forty_faults_are_planted_and_most_checks_have_one() -> None:
    """`permissions` and `landing_readable` need another user than root: tests/faults; `model_age` a model: below."""
    assert len(PLANTED) >= 40
    unplanted = {check.__name__ for check in CHECKS} - {code for code, _ in PLANTED.values()}
    assert unplanted <= {"permissions", "landing_readable", "model_age"}


def as_made(root: Path) -> None:
    pass


def with_raw_tables_only(root: Path) -> None:
    for path in root.iterdir():
        if path.name not in ("landing", "churn.yaml"):
            without(path.name)(root)


def with_a_schedule(root: Path) -> None:
    dagster_database(root, "schedules/schedules.db", "insert into instigators values ('{}', 'RUNNING')")
    dagster_database(root, "history/runs.db", f"insert into daemon_heartbeats values ('SENSOR', '{NOW}')")


def with_an_erased_user_and_a_backup(root: Path) -> None:
    Tombstones(root).add(["u3"], "me")
    record = Record(root / "record.sqlite")
    record.state_fact("backup.newest", json.dumps({"at": NOW.isoformat(), "folder": "/backups/1"}))
    with record.transaction() as connection:
        connection.execute(ATTEMPT.format(fate="'delivered'"))


def of_a_daily_shop(root: Path) -> None:
    """Its own calendar, and no snapshot yet."""
    with_raw_tables_only(root)
    (root / "churn.yaml").write_text("calendar: {cadence: daily}\n")
    raw_rows(root, NOW.date() - timedelta(days=1))


@pytest.mark.parametrize(
    "make", [as_made, with_raw_tables_only, with_a_schedule, with_an_erased_user_and_a_backup, of_a_daily_shop]
)
def test_a_healthy_home_has_no_fault(root: Path, make: Plant) -> None:
    make(root)
    assert severe(looked_at(root)) == []


def test_while_a_run_is_at_work_its_files_are_no_orphans(root: Path) -> None:
    write("tables/scoring/scored_users/x.parquet", "PAR1")(root)
    with FileLock(root / "locks" / "run-alive.lock"):
        assert severe(looked_at(root)) == []
        assert status(root).runs == ["run alive"]


def test_looking_changes_nothing(root: Path) -> None:
    older_schema(root)
    before = {path: (path.read_bytes(), path.stat().st_mode) for path in root.rglob("*") if path.is_file()}
    looked_at(root)
    after = {path: (path.read_bytes(), path.stat().st_mode) for path in root.rglob("*") if path.is_file()}
    new = {path.name for path in after.keys() - before.keys()}
    assert new <= {"record.sqlite-shm", "record.sqlite-wal"} or all("cache" in str(p) for p in after.keys() - before)
    assert {path: after[path] for path in before if "cache" not in path.parts} == {
        path: content for path, content in before.items() if "cache" not in path.parts
    }


@pytest.mark.parametrize(
    "name",
    ["a key others can read", "a lock file of no run", "no second copies", "files of no partition", "an older record",
     "a bit of a sealed ledger", "a bit of the second copy of it", "tombstones in the home only",
     "a file that a killed process began"],
)  # fmt: skip
def test_what_is_safe_is_mended(root: Path, name: str) -> None:
    code, plant = PLANTED[name]
    plant(root)
    result = CliRunner().invoke(app, ["doctor", "--fix", "--json", "--home", str(root)])
    content = json.loads(result.stdout)
    assert code in content["mended"]
    assert code not in [each["code"] for each in content["findings"]]


def test_for_programs(root: Path) -> None:
    flipped("scored_users")(root)
    result = CliRunner().invoke(app, ["doctor", "--json", "--home", str(root)])
    content = json.loads(result.stdout)
    assert result.exit_code == 1
    assert content["checks"] == len(CHECKS) >= 25
    (finding,) = [each for each in content["findings"] if each["code"] == "published_files"]
    assert finding["severity"] == "error"
    assert finding["what"].startswith(f"Scoring.scored_users of {NEWEST} is changed (")
    assert finding["fix"].startswith("make it again: churn rebuild")
    assert finding["is_safe"] is False


def test_a_missing_home_is_refused_by_name(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["doctor", "--home", str(tmp_path / "none")])
    assert result.exit_code == 1
    assert "is no home" in str(result.exception)


def test_of_an_older_record_the_status_says_only_that_it_is_old(root: Path) -> None:
    """And not that nothing was ever made here."""
    older_schema(root)
    (due,) = status(root).due
    assert re.fullmatch(r"the record has schema \d+, this release \d+: churn doctor says more", due)


def test_the_status_says_what_exists_is_due_and_runs(root: Path) -> None:
    without_snapshot(NEWEST)(root)
    current = status(root)
    assert f"2 snapshots with scores, from {SNAPSHOTS[0]} to {SNAPSHOTS[1]}" in current.exists
    assert "10 partitions of 5 tables" in "\n".join(current.exists)
    assert list(current.due) == [f"snapshot {NEWEST}: churn run"]
    assert list(current.runs) == []
    result = CliRunner().invoke(app, ["status", "--json", "--home", str(root)])
    assert json.loads(result.stdout)["due"] == list(current.due)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can look as another user")
def test_what_another_user_may_not_read_is_named(root: Path) -> None:
    """A process of its own that becomes nobody, in the home: the folder around it is closed to nobody."""
    script = (
        "import os, sys; from pathlib import Path\n"
        "from churn_assets.doctor.on_home import permissions\n"
        "from churn_assets.doctor.on_landing import landing_readable\n"
        "from churn_assets.doctor.scene import Scene\n"
        "from tests.unit.doctor.conftest import MACHINE\n"
        "os.chdir(sys.argv[1]); os.setgroups([]); os.setresgid(*[65534] * 3); os.setresuid(*[65534] * 3)\n"
        "scene = Scene(Path('.'), MACHINE)\n"
        "for check in (permissions, landing_readable): print(*(f.what for f in check(scene)))\n"
    )
    for path in (root, root / "churn.yaml"):
        path.chmod(0o755)
    here = Path(__file__).parents[3]
    command = [sys.executable, "-c", script, str(root)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=here)
    ours, raw = done.stdout.splitlines() or (done.stderr, "")
    assert "record.sqlite" in ours
    assert raw == "1 raw paths are closed to this user (the first: landing)."


def test_the_age_of_the_model_is_what_its_own_check_said(root: Path) -> None:
    tables = Tables(Home(root).tables, Record(Home(root).record))
    rows = pl.DataFrame({"condition": ["age", "drift"], "reason": ["It learned long ago.", "Users have drifted."]})
    tables.publish("monitoring", "retrain_conditions", NEWEST, rows)
    (finding,) = [each for each in looked_at(root) if each.code == "model_age"]
    assert finding.what == f"At {NEWEST}: It learned long ago."
