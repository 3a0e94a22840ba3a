"""Homes of earlier releases: what is on record means the same today, and the commands that read it work on it."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from collections import Counter
from contextlib import closing
from datetime import date, datetime
from pathlib import Path

import pytest

from churn_assets.command.delivering import suppress, unsubscribe
from churn_assets.command.models import rollback
from churn_assets.delivery.approval import NotAllowed, approve_plan
from churn_assets.delivery.plan import Plan
from churn_assets.delivery.sending import rehearse, send
from churn_assets.delivery.signature import Signer
from churn_assets.erasure.erase import erase_users
from churn_assets.erasure.restored import unswept
from churn_assets.instance.home import Home
from churn_assets.instance.outbox import OutboxStore
from churn_assets.instance.promotions import Promotions
from churn_assets.instance.record.backups import backups_of
from churn_assets.instance.record.consent import consent_holds
from churn_assets.instance.record.schema import MIGRATIONS
from churn_assets.instance.suppressions import suppressed_users
from churn_assets.landing.tombstones import Tombstones
from churn_assets.workplace import Workplace

HOMES = Path(__file__).parents[2] / "fixtures" / "homes"
RELEASES = sorted(folder.name for folder in HOMES.iterdir() if folder.is_dir())
# As tests/fixtures/homes/make.py has it.
APPROVAL_KEY = b"the approval key of the fixtures"
SENT, APPROVED, PLANNED = date(2026, 11, 2), date(2026, 11, 9), date(2026, 11, 16)
NOON = datetime(2026, 11, 17, 12)


def opened(release: str, folder: Path) -> Workplace:
    home = folder / "home"
    shutil.copytree(HOMES / release, home)
    (home / "churn.yaml").write_text("calendar: {start: 2026-08-03}\n")
    for table, content in {
        "orders": "order_id,user_id,ordered_at,amount\no1,u000001,2026-11-01,5\n",
        "consents": "user_id,channel,purpose,is_granted,changed_at\nu000001,email,direct_marketing,true,2026-11-01\n",
    }.items():
        (home / "landing" / table).mkdir(parents=True)
        (home / "landing" / table / "rows.csv").write_text(content)
    (home / "secrets").mkdir(mode=0o700)
    (home / "secrets" / "approval.key").write_bytes(APPROVAL_KEY)
    return Workplace(home_path=str(home))


@pytest.fixture
def workplace(tmp_path: Path) -> Workplace:
    """The home of the first release that could send."""
    return opened("0.1.0", tmp_path)


@pytest.mark.parametrize("release", RELEASES)
def test_every_listed_table_is_read_and_a_sealed_one_stays_sealed(release: str, tmp_path: Path) -> None:
    tables = opened(release, tmp_path).tables
    listed = tables.record.partitions()
    assert len(listed) >= 4
    for found in listed:
        if found.path.endswith(".parquet"):
            assert len(tables.read(found.stage, found.table, found.snapshot)) == found.rows
        assert found.is_sealed == (found.table == "decision_ledger")
    sealed = next(found for found in listed if found.is_sealed)
    again = tables.publish(
        sealed.stage, sealed.table, sealed.snapshot, tables.read("interventions", sealed.table, SENT)
    )
    assert again == sealed


@pytest.mark.parametrize("release", RELEASES)
def test_messages_keep_their_content_and_may_be_planned_on(release: str, tmp_path: Path) -> None:
    workplace = opened(release, tmp_path)
    messages = workplace.outbox.messages()
    assert len(messages) >= 10
    assert workplace.outbox.add(messages) == 0, "the same content under the same keys"
    with (
        pytest.raises(sqlite3.IntegrityError, match="the content of a message never changes"),
        workplace.record.transaction() as connection,
    ):
        connection.execute("update outbox set payload = '{}'")


def test_what_was_decided_said_and_sent_means_the_same(workplace: Workplace) -> None:
    states = Counter(workplace.outbox.messages()["state"].to_list())
    assert states == {
        "planned": 32, "approved": 45, "dispatched": 1, "delivered": 3, "failed": 2, "cancelled": 2, "unknown": 1,
    }  # fmt: skip
    signer = Signer.of(workplace.home, workplace.record, workplace.settings)
    for day, by in ((SENT, "ana"), (APPROVED, "ben")):
        approval = workplace.outbox.approval(day)
        assert approval is not None
        assert (approval.approved_by, signer.why_not(approval)) == (
            by,
            "was given before approvals were bound to their home",
        )
        assert approval.plan_sha256 == Plan.at(workplace, day).sha256
    assert suppressed_users(workplace.record, PLANNED) == ["u000115", "u000284"]
    decided = [
        (row.snapshot.day, row.champion_snapshot.day, row.decision) for row in Promotions(workplace.record).rows()
    ]
    assert decided == [(2, 2, "first"), (9, 2, "kept"), (16, 2, "kept"), (17, 9, "promote"), (18, 2, "rollback")]
    with workplace.record.reading() as connection:
        tried = connection.execute("select fate, count(*) from attempts group by fate order by fate").fetchall()
        replaced = connection.execute(
            "select snapshot_date from erasures inner join manifest using (stage, table_name, snapshot_date) "
            "where new_sha256 = sha256"
        ).fetchall()
    assert tried == [(None, 1), ("deferred", 1), ("delivered", 3), ("failed", 2), ("unknown", 1)]
    assert replaced == [(str(day),) for day in (SENT, APPROVED, PLANNED)]
    assert unswept(workplace, Tombstones(workplace.home.root)) != [], "swept for a tombstone that this copy lacks"


def test_a_plan_of_then_is_approved_and_dispatched(workplace: Workplace) -> None:
    told = rehearse(workplace, PLANNED, NOON)
    assert told["waiting: no adapter for email"] == 31
    with pytest.raises(NotAllowed, match="is not approved"):
        send(workplace, PLANNED, clock=lambda: NOON)
    assert approve_plan(workplace, Plan.at(workplace, PLANNED), "ana", NOON) == 32
    told = send(workplace, PLANNED, clock=lambda: NOON)
    # Left in flight when the process of then died, and what has expired since.
    assert (told["unknown"], told["cancelled"]) == (1, 45)
    states = Counter(OutboxStore(workplace.record).messages()["state"].to_list())
    assert (states["dispatched"], states["approved"]) == (0, 31), "all e-mails, for want of an adapter"


def test_nobody_who_refused_then_is_written_to_now(workplace: Workplace) -> None:
    with workplace.record.reading() as connection:
        (key,) = connection.execute(
            f"select message_key from outbox where not {consent_holds('outbox.user_id', 'outbox.channel')} "
            "and user_id in (select user_id from consent_words where is_granted) "
            "and state in ('planned', 'cancelled') limit 1"
        ).fetchone()
    with (
        pytest.raises(sqlite3.IntegrityError, match="no valid consent"),
        workplace.record.transaction() as connection,
    ):
        connection.execute("update outbox set state = 'dispatched' where message_key = ?", (key,))


def test_people_go_on_deciding(workplace: Workplace) -> None:
    root, planned = workplace.home.root, Plan.at(workplace, PLANNED).messages
    unsubscribe(root, planned["message_key"][:1].to_list())
    suppress(root, planned["user_id"][1], "asked on the phone", "ana", is_objection=True)
    with pytest.raises(LookupError, match="no champion before"):
        rollback(root, None, "ana", "twice")
    received = workplace.home.received / "consents" / "consents.parquet"
    assert received.exists()
    assert planned["user_id"][1] in suppressed_users(workplace.record, date.max)


def test_who_is_erased_now_is_erased_from_the_backups_too(workplace: Workplace) -> None:
    user = Plan.at(workplace, PLANNED).messages["user_id"][0]
    (backup,) = backups_of(workplace.home.record)
    assert held_in(backup, user) > 0
    assert erase_users(workplace.home.root, [user], "dpo")
    assert (held_in(backup, user), held_in(workplace.home.record, user)) == (0, 0)
    assert backup.stat().st_mode & 0o777 == 0o600
    assert user.encode() not in backup.read_bytes()


def held_in(file: Path, user: str) -> int:
    with closing(sqlite3.connect(file)) as connection:
        return int(
            connection.execute(
                "select (select count(*) from outbox where user_id = ?1) "
                "+ (select count(*) from consent_words where user_id = ?1)",
                (user,),
            ).fetchone()[0]
        )


def test_the_command_line_says_what_it_did_to_an_old_record_and_refuses_a_newer_one(workplace: Workplace) -> None:
    """In processes of their own: what a person sees."""
    churn, home = Path(sys.executable).with_name("churn"), workplace.home
    command = [str(churn), "suppress", "u000001", "--reason", "moved", "--home", str(home.root)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.splitlines()[0]) == (0, "u000001 is suppressed."), done.stderr
    (backup,) = backups_of(home.record)
    assert done.stderr == f"{home.record}: schema 0 is now {len(MIGRATIONS)}; as it was: {backup.name}\n"
    with closing(sqlite3.connect(home.record, isolation_level=None)) as connection:
        connection.execute("insert into migrations values (99, '0099_later', 'churn-assets 9.9', '2027-01-01')")
        connection.execute("pragma user_version = 99")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"Error: The record {home.record} was made by churn-assets 9.9 (schema 99); this is ")
    assert done.stderr.endswith("git pull && make setup  [record]\n")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("module", ["churn_assets.defs.storage.events", "churn_assets.no_such_module"])
def test_an_event_log_class_that_is_gone_keeps_no_home_closed(tmp_path: Path, module: str) -> None:
    """What else somebody wrote into dagster.yaml stays."""
    config = tmp_path / "dagster" / "dagster.yaml"
    config.parent.mkdir()
    theirs = "telemetry:\n  enabled: false\nconcurrency:\n  pools: {default_limit: 1}\n"
    log = f"event_log_storage:\n  module: {module}\n  class: Gone\n  config:\n    base_dir: history/runs\n"
    config.write_text(theirs + log)
    home = Home(tmp_path).prepare()
    assert config.read_text().startswith(theirs)
    code = "import dagster as dg\nwith dg.DagsterInstance.get() as i: print(type(i.event_log_storage).__name__)"
    environment = {**os.environ, "DAGSTER_HOME": str(home.dagster)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, env=environment)
    assert "OpenSqliteEventLog" in done.stdout, done.stderr
