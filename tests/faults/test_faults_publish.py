"""Publishing is cut off at every point where it could be: the earlier partition is still read, left-overs are swept."""

from __future__ import annotations

import errno
import signal
import subprocess
import sys
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from churn_assets.instance.files import TEMPORARY
from churn_assets.instance.record.store import Record
from churn_assets.instance.tables import Tables

DAY = date(2026, 11, 16)
EARLIER = pl.DataFrame({"user_id": ["u1"], "churn_probability": [0.25]})
# A process that publishes another frame over the earlier one, after CUT has been prepared.
PUBLISH = """
import os, resource, signal, sqlite3, sys
from contextlib import contextmanager
from datetime import date
from pathlib import Path
import polars as pl
from churn_assets.instance.record.store import Record
from churn_assets.instance.tables import Tables

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

root = Path(sys.argv[1])
record = Record(root / "record.sqlite")
later = pl.DataFrame({"user_id": [f"u{number * 7919}" for number in range(200_000)]})
{cut}
Tables(root / "tables", record).publish("scoring", "scored_users", date(2026, 11, 16), later)
"""
KILLS = {
    "while writing": "pl.DataFrame.write_parquet = lambda self, file: (Path(file).write_bytes(b'PAR1 half'), die())",
    "between write and sync": "os.fsync = die",
    "between sync and rename": "Path.rename = die",
    "between rename and manifest row": "Record.list_partition = die",
    "inside the transaction of the manifest row": """
transaction = Record.transaction
@contextmanager
def dying(self):
    with transaction(self) as connection:
        yield connection
        if connection.total_changes:
            die()
Record.transaction = dying
""",
}


@pytest.fixture
def tables(tmp_path: Path) -> Tables:
    found = Tables(tmp_path / "tables", Record(tmp_path / "record.sqlite"))
    found.publish("scoring", "scored_users", DAY, EARLIER)
    return found


def publish_in_a_process(root: Path, cut: str) -> subprocess.CompletedProcess[str]:
    script = PUBLISH.replace("{cut}", cut)
    return subprocess.run([sys.executable, "-c", script, str(root)], capture_output=True, text=True, check=False)


def files(tables: Tables) -> list[Path]:
    return sorted(file for file in tables.root.rglob("*") if file.is_file())


@pytest.mark.parametrize("moment", KILLS)
def test_a_kill_leaves_the_earlier_partition_and_what_is_left_over_is_swept(tables: Tables, moment: str) -> None:
    before = files(tables)
    done = publish_in_a_process(tables.root.parent, KILLS[moment])
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert tables.read("scoring", "scored_users", DAY).equals(EARLIER)
    left = [file for file in files(tables) if file not in before]
    assert len(left) == 1, "the file the killed process had begun, under a temporary or under its own name"
    assert tables.sweep() == sum(file.name.endswith(TEMPORARY) for file in left)
    assert files(tables) == before
    assert tables.read("scoring", "scored_users", DAY).equals(EARLIER)


def test_without_a_cut_the_same_process_publishes(tables: Tables) -> None:
    done = publish_in_a_process(tables.root.parent, "")
    assert done.returncode == 0, done.stderr
    assert len(tables.read("scoring", "scored_users", DAY)) == 200_000


def test_a_file_that_may_not_grow_leaves_nothing_half_written(tables: Tables) -> None:
    """The operating system refuses the write midway, as a full disk does."""
    before = files(tables)
    done = publish_in_a_process(tables.root.parent, "resource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536))")
    assert done.returncode == 1
    assert "File too large" in done.stderr
    assert files(tables) == before
    assert tables.read("scoring", "scored_users", DAY).equals(EARLIER)


def test_a_full_disk_leaves_nothing_half_written(tables: Tables, monkeypatch: pytest.MonkeyPatch) -> None:
    before = files(tables)

    def fill_up(_frame: pl.DataFrame, file: Path) -> None:
        file.write_bytes(b"PAR1 half")
        raise OSError(errno.ENOSPC, "No space left on device", str(file))

    monkeypatch.setattr(pl.DataFrame, "write_parquet", fill_up)
    with pytest.raises(OSError, match="No space left on device"):
        tables.publish("scoring", "scored_users", DAY, EARLIER.with_columns(churn_probability=0.5))
    assert files(tables) == before
    assert tables.read("scoring", "scored_users", DAY).equals(EARLIER)
