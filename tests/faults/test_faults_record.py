"""The record store while it is brought to a newer schema: kills, full disks, several processes, folders that refuse."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from churn_assets.instance.record.backups import backups_of
from churn_assets.instance.record.errors import RecordError
from churn_assets.instance.record.opening import reading, writing
from churn_assets.instance.record.schema import MIGRATIONS
from churn_assets.instance.record.store import Record
from churn_assets.instance.record.upgrade import upgrade

RELEASED = Path(__file__).parents[1] / "fixtures" / "homes" / "0.1.0" / "record.sqlite"
MESSAGES = 86
NEW = {
    "accounts",
    "alerts",
    "alerts_taken",
    "assents",
    "audit",
    "chain",
    "chain_head",
    "changed",
    "channel_suppressions",
    "codes_given",
    "erasure_notices",
    "message_events",
    "migrations",
    "policy_promotions",
    "received_requests",
    "sessions",
    "tokens",
    "withheld",
}  # tables that the released record has not
NOBODY = 65534
# A process that upgrades, after CUT has been prepared. The second step writes enough to fill a log.
STEPS = "(*MIGRATIONS, Migration(len(MIGRATIONS) + 1, 'wide', FILL))"
UPGRADE = f"""
import os, resource, signal, sqlite3, sys
from pathlib import Path
from churn_assets.instance.record import backups, errors, schema, upgrade as upgrading
from churn_assets.instance.record.schema import MIGRATIONS, Migration
FILL = "create table wide (x);\\n"
FILL += "insert into wide select hex(randomblob(2000)) from outbox, outbox as again limit 500;\\n"

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

def dying_at(statement):
    class Dying(sqlite3.Connection):
        def execute(self, sql, *rest):
            if statement in sql:
                die()
            return super().execute(sql, *rest)
    connect = sqlite3.connect
    sqlite3.connect = lambda *args, **kwargs: connect(*args, **kwargs, factory=Dying)

file = Path(sys.argv[1])
{{cut}}
with errors.explained(file):
    upgrading.upgrade(file, {STEPS})
"""
KILLS = {
    "before the backup is on disk": "os.fsync = die",
    "between backup and its name": "Path.rename = die",
    "between backup and first change": "dying_at('create table if not exists migrations')",
    "between two migrations": "dying_at('insert into wide')",
    "before the number is set": "dying_at('pragma user_version =')",
    "before the commit": "dying_at('commit')",
}
TOO_LARGE = "resource.setrlimit(resource.RLIMIT_FSIZE, ({size}, {size}))"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return Path(shutil.copy(RELEASED, tmp_path / "record.sqlite"))


def in_a_process(file: Path, cut: str = "") -> subprocess.CompletedProcess[str]:
    script = UPGRADE.replace("{cut}", cut)
    return subprocess.run([sys.executable, "-c", script, str(file)], capture_output=True, text=True, check=False)


def tables_in(file: Path) -> set[str]:
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("pragma integrity_check").fetchone() == ("ok",)
        assert connection.execute("select count(*) from outbox").fetchone() == (MESSAGES,)
        return {name for (name,) in connection.execute("select name from sqlite_master where type = 'table'")}


@pytest.mark.parametrize("moment", KILLS)
def test_a_kill_leaves_the_old_record_and_the_same_again_finishes(file: Path, moment: str) -> None:
    before = tables_in(file)
    for _ in range(2):
        done = in_a_process(file, KILLS[moment])
        assert done.returncode == -signal.SIGKILL, done.stderr
    assert tables_in(file) == before
    assert len(backups_of(file)) <= 1, "an attempt that is cut short again and again makes one"
    assert in_a_process(file).returncode == 0
    assert tables_in(file) == before | NEW | {"wide"}
    (backup,) = backups_of(file)
    assert tables_in(backup) == before
    assert {each.name for each in file.parent.iterdir()} == {file.name, backup.name, "secrets"}, "the key of the chain"


@pytest.mark.parametrize(
    ("what", "size"), [("the backup", 65_536), ("the migration", 200_000)], ids=["backup", "migration"]
)
def test_a_full_disk_leaves_the_old_record(file: Path, what: str, size: int) -> None:
    """The operating system refuses the write midway, as a full disk does; the record itself is of 160 KB."""
    before = tables_in(file)
    done = in_a_process(file, TOO_LARGE.format(size=size))
    assert done.returncode == 1
    told = done.stderr.splitlines()[-1]
    assert (
        "the disk is full or failing; nothing of this step was kept. Make room and run the same command again" in told
    )
    assert tables_in(file) == before, what
    assert not list(file.parent.glob("*.tmp"))
    with reading(file):
        pass
    assert tables_in(file) == before | NEW


def test_processes_that_open_it_at_once_upgrade_it_once(file: Path, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    script = f"import time\nwhile not Path({str(gate)!r}).exists(): time.sleep(0.001)"
    command = [sys.executable, "-c", UPGRADE.replace("{cut}", script), str(file)]
    others = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(6)]
    time.sleep(2)  # until all stand at the gate; two that do not still race
    gate.touch()
    told = [other.communicate()[1] for other in others]
    assert [other.returncode for other in others] == [0] * len(others), told
    assert sum("as it was" in each for each in told) == 1
    assert len(backups_of(file)) == 1
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("select number from migrations order by 1").fetchall() == [
            (number,) for number in range(1, len(MIGRATIONS) + 2)
        ]


def test_processes_that_make_it_at_once_make_one(tmp_path: Path) -> None:
    """Writing at once: each keeps its own row."""
    script = (
        "import sys; from pathlib import Path; from churn_assets.instance.record.store import Record\n"
        "for n in range(20): Record(Path(sys.argv[1])).state_fact(f'{sys.argv[2]}-{n}', 'x')"
    )
    file = tmp_path / "record.sqlite"
    others = [
        subprocess.Popen([sys.executable, "-c", script, str(file), str(each)], stderr=subprocess.PIPE, text=True)
        for each in range(6)
    ]
    told = [other.communicate()[1] for other in others]
    assert [other.returncode for other in others] == [0] * len(others), told
    with Record(file).reading() as connection:
        assert connection.execute("select count(*) from facts").fetchone() == (120,)
    assert backups_of(file) == []


def test_nobody_waits_for_a_reader_and_a_reader_for_nobody(file: Path) -> None:
    upgrade(file)
    started = time.monotonic()
    with reading(file) as one, writing(file) as writer, reading(file) as two:
        writer.execute("delete from outbox")
        assert one.execute("select count(*) from outbox").fetchone() == (MESSAGES,)
        assert two.execute("select count(*) from outbox").fetchone() == (MESSAGES,)
        with pytest.raises(sqlite3.OperationalError, match="attempt to write a readonly database"):
            one.execute("delete from facts")
    assert time.monotonic() - started < 5
    with reading(file) as connection:
        assert connection.execute("select count(*) from outbox").fetchone() == (0,)


def as_nobody(file: Path, act: str) -> str:
    """What `act` raises or prints in a process that may read the record and write nothing, `record` being it."""
    script = f"""
import os, sys
from pathlib import Path
from churn_assets.instance.record.store import Record
if os.geteuid() == 0:
    os.setegid({NOBODY})
    os.seteuid({NOBODY})
record = Record(Path(sys.argv[1]))
{act}
"""
    done = subprocess.run([sys.executable, "-c", script, str(file)], capture_output=True, text=True, check=False)
    return (done.stdout or done.stderr).strip().splitlines()[-1]


@pytest.fixture
def closed_folder(tmp_path: Path, file: Path) -> Iterator[Path]:
    """A folder, reachable by everybody, in which a record of the newest schema may be read and nothing written."""
    upgrade(file)
    for folder in [tmp_path, *tmp_path.parents]:
        if folder.stat().st_uid == os.geteuid() and folder != Path("/"):
            folder.chmod(folder.stat().st_mode | stat.S_IXOTH)
    file.chmod(0o444)
    tmp_path.chmod(0o555)
    yield tmp_path
    tmp_path.chmod(0o755)


def test_where_nothing_may_be_written_it_can_still_be_read(closed_folder: Path) -> None:
    file = closed_folder / "record.sqlite"
    assert as_nobody(file, "print(len(record.partitions()))") == "9"
    told = as_nobody(file, "record.state_fact('a', 'b')")
    assert told.startswith(f"churn_assets.instance.record.errors.RecordError: The record {file} cannot be used (")
    assert told.endswith("let the user who runs churn write there, or name another home with --home")


def test_an_old_record_where_nothing_may_be_written_is_refused(closed_folder: Path) -> None:
    file = closed_folder / "record.sqlite"
    closed_folder.chmod(0o755)
    file.unlink()
    shutil.copy(RELEASED, file)
    file.chmod(0o444)
    closed_folder.chmod(0o555)
    told = as_nobody(file, "record.fact('calendar.start')")
    assert "let the user who runs churn write there" in told
    assert file.read_bytes() == RELEASED.read_bytes()


def test_a_record_that_somebody_holds_is_waited_for_and_then_said_to_be(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    upgrade(file)
    monkeypatch.setattr("churn_assets.instance.record.opening.WAIT_SECONDS", 0.2)
    told = "another process has been writing to it for a minute"
    with writing(file), pytest.raises(RecordError, match=told), writing(file):
        pass
