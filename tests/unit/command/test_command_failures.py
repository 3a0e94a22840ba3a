"""What a person can mend is one line with cause, place and next step; a bug keeps its traceback."""

from __future__ import annotations

import ctypes
import errno
import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from filelock import FileLock, Timeout
from polars.exceptions import ComputeError
from sqlalchemy import NullPool, create_engine, text
from sqlalchemy.exc import DatabaseError

from churn_assets.failures import Failure, error_message, naming, next_step
from churn_assets.instance.home import Home
from churn_assets.instance.record.store import Record

CHURN = Path(sys.executable).with_name("churn")
PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH = 24, 1, 2
Churn = Callable[..., subprocess.CompletedProcess[str]]


def obey_modes() -> None:
    """Root may do everything; after this the process it becomes may not (of others nothing changes)."""
    for capability in (CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH):
        ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)


@pytest.fixture
def churn(home: Home) -> Churn:
    """The command line on `home`, in a process for which permissions hold."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [str(CHURN), *arguments, "--home", str(home.root)]
        return subprocess.run(command, capture_output=True, text=True, check=False, preexec_fn=obey_modes)

    return run


@pytest.fixture
def readonly(home: Home, request: pytest.FixtureRequest) -> Iterator[Home]:
    home.settings_file.write_text("calendar: {start: 2026-11-02}\n")
    Record(home.record).state_fact("a", "b")
    if "simulate" not in request.node.name:
        (home.root / "landing" / "orders").mkdir(parents=True)
        rows = "order_id,user_id,ordered_at,amount\no1,u1,2026-11-01,5\n"
        (home.root / "landing" / "orders" / "1.csv").write_text(rows)
    paths = [home.root, *home.root.rglob("*")]
    for path in paths:
        path.chmod(path.stat().st_mode & ~0o222)
    yield home
    for path in paths:
        path.chmod(path.stat().st_mode | 0o200)


def in_one_line(done: subprocess.CompletedProcess[str]) -> str:
    assert (done.returncode, done.stderr.count("\n")) == (1, 1), done.stderr
    assert done.stderr.startswith("Error: ")
    return done.stderr


# Seconds each, as they import Dagster; all others take one of these ways.
COMMANDS = [
    ("run", "--snapshot", "2026-11-09"), ("suppress", "u1", "--reason", "x"), ("erase", "u1"),
    ("simulate", "--end", "2026-11-02", "--users", "9", "--weeks", "2"), ("ui", "--port", "0"),
]  # fmt: skip


@pytest.mark.skipif(sys.platform != "linux", reason="how root is made to obey is Linux's")
@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_a_home_that_cannot_be_written_to(readonly: Home, churn: Churn, command: tuple[str, ...]) -> None:
    line = in_one_line(churn(*command))
    assert re.search(
        rf"{readonly.root}/\S+( cannot be used \(attempt to write a readonly database\)|: Permission denied)", line
    )
    assert "let the user who runs churn write there" in line


def test_a_record_store_that_is_damaged(home: Home, churn: Churn) -> None:
    home.record.write_bytes(os.urandom(4096))
    line = in_one_line(churn("suppress", "u1", "--reason", "x"))
    assert f"The record {home.record} cannot be used (file is not a database)" in line
    assert "Do not delete it: move it away and restore your newest backup" in line


def test_a_folder_where_the_record_store_should_be(home: Home, churn: Churn) -> None:
    home.record.mkdir()
    line = in_one_line(churn("dispatch"))
    assert f"The record {home.record} cannot be used" in line
    assert "a folder is where a file should be; move it away" in line


def test_a_file_where_a_folder_should_be(home: Home, churn: Churn) -> None:
    home.tables.rmdir()
    home.tables.touch()
    assert f"{home.tables}: a file or folder of that name is in the way; move it away" in in_one_line(churn("dispatch"))


def test_a_home_that_is_a_file(home: Home, churn: Churn, tmp_path: Path) -> None:
    home.root.rename(tmp_path / "away")
    home.root.touch()
    assert "is a file, not the folder of a home" in in_one_line(churn("check"))


def test_a_home_that_is_not_there(churn: Churn, home: Home, tmp_path: Path) -> None:
    home.root.rename(tmp_path / "away")
    line = in_one_line(churn("suppress", "u1", "--reason", "x"))
    assert f"{home.root} is no home" in line
    assert "nothing was recorded" in line
    assert not home.root.exists(), "a misspelt home would keep the no where nobody looks"


def test_a_period_that_ends_before_it_begins(churn: Churn) -> None:
    line = in_one_line(churn("backfill", "--from", "2026-11-16", "--to", "2026-11-09"))
    assert "--from 2026-11-16 is after --to 2026-11-09" in line


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([b"suppress", b"u\xff", b"--reason", b"x"], "Argument 2 is not UTF-8"),
        ([b"check", b"--home="], "--home names no folder"),
        ([b"check", b"--home", b""], "--home names no folder"),
        ([b"check", b"--home", b"~nobody-of-that-name/home"], "~nobody-of-that-name/home: no such folder can be found"),
    ],
)
def test_what_no_command_could_mean(arguments: list[bytes], expected: str) -> None:
    done = subprocess.run([bytes(CHURN), *arguments], capture_output=True, text=True, check=False)
    assert expected in in_one_line(done)


def test_a_working_directory_that_is_gone(tmp_path: Path) -> None:
    code = f"import os, sys; os.chdir({str(tmp_path)!r}); os.mkdir('a'); os.chdir('a'); os.rmdir('../a')\n"
    code += (
        "del os.environ['CHURN_HOME']; sys.argv = ['churn', 'check']; from churn_assets.command.cli import main; main()"
    )
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=False)
    assert "churn_home: no such folder can be found" in in_one_line(done)


def test_a_shop_that_cannot_be(churn: Churn) -> None:
    assert "users must be at least 1, got 0" in in_one_line(churn("simulate", "--end", "2026-11-16", "--users", "0"))
    assert "not be after the year 2200" in in_one_line(churn("simulate", "--end", "9999-12-31"))
    assert "before the year 1" in in_one_line(churn("simulate", "--end", "2026-11-16", "--weeks", "999999"))


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "No space left on device; free some space"), (errno.EROFS, "Read-only file system; let the"),
        (errno.EDQUOT, "Disk quota exceeded; free some space"), (errno.EIO, "Input/output error; check the disk"),
        (errno.ENOTDIR, "a file is where a folder should be; move it away"), (errno.EMFILE, "Too many open files; "),
        (errno.ELOOP, "Too many levels of symbolic links; use a home"), (errno.ENAMETOOLONG, "File name too long; use"),
    ],
)  # fmt: skip
def test_what_the_system_refuses_names_the_file_or_else_the_home(number: int, words: str) -> None:
    assert str(error_message(OSError(number, "", "/a/b"), Path("/h"))).startswith(f"/a/b: {words}")
    assert str(error_message(OSError(number, ""), Path("/h"))).startswith(f"in /h: {words}")


def test_sqlite_is_told_by_its_code_and_by_the_file_it_was_named_for(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "x.sqlite")) as connection:
        connection.execute("create table t (a)")
        connection.execute("pragma max_page_count = 2")
        with pytest.raises(sqlite3.OperationalError) as full, naming(tmp_path / "x.sqlite"):
            connection.executemany("insert into t values (randomblob(4000))", [()] * 9)
    line = str(error_message(full.value, tmp_path))
    expected = f"{tmp_path}/x.sqlite: SQLite says: database or disk is full; free some space on that disk and give the "
    assert line.startswith(f"{expected}same command again. On the disk of {tmp_path} ")
    assert re.search(r"[\d,]+ MB are free; up to 210 MB are needed\.$", line), line


def test_a_damaged_database_of_dagster_may_be_moved_away(tmp_path: Path) -> None:
    """Dagster reaches its databases through SQLAlchemy, which says neither file nor code."""
    (tmp_path / "runs.db").write_bytes(os.urandom(4096))
    engine = create_engine(f"sqlite:///{tmp_path / 'runs.db'}", poolclass=NullPool)
    with pytest.raises(DatabaseError) as damaged, engine.connect() as connection:
        connection.execute(text("select 1 from runs"))
    assert str(error_message(damaged.value, Path("/h"))).startswith(
        "/h/dagster: SQLite says: file is not a database; move it away"
    )


def test_polars_has_the_number_in_its_text_only(tmp_path: Path) -> None:
    for error in (PermissionError("Permission denied (os error 13): ...x.parquet"), ComputeError("No (os error 28)")):
        assert error_message(error, tmp_path) is not None
    assert error_message(ComputeError("a bug"), tmp_path) is None
    assert error_message(PermissionError("a bug"), tmp_path) is None


def test_a_lock_that_is_held_names_its_file(tmp_path: Path) -> None:
    with FileLock(tmp_path / "a.lock"), pytest.raises(Timeout) as held:
        FileLock(tmp_path / "a.lock", timeout=0, is_singleton=False).acquire()
    assert str(error_message(held.value, tmp_path)).startswith(f"{tmp_path}/a.lock is held by another process")


def bugs() -> Iterator[BaseException]:
    yield from (KeyError("a"), ValueError("b"), FileNotFoundError(errno.ENOENT, "", "/a"), OSError(errno.EINVAL, ""))
    with closing(sqlite3.connect(":memory:")) as connection:
        for statement in ("selec 1", "select * from missing"):
            try:
                connection.execute(statement)
            except sqlite3.Error as error:
                yield error
    yield sqlite3.IntegrityError("no valid consent")
    yield ConnectionError("lost")


@pytest.mark.parametrize("error", list(bugs()), ids=repr)
def test_a_bug_is_not_hidden(error: BaseException) -> None:
    assert error_message(error, Path("/h")) is None
    assert error_message(Failure("as it stands"), Path("/h")) == "as it stands"


def test_the_command_line_shows_the_traceback_of_a_bug(home: Home) -> None:
    code = (
        "import sys; from churn_assets.command import cli; sys.argv = ['churn', 'check']\n"
        "def broken(_): raise KeyError('a bug')\ncli.readable_home = broken\ncli.main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "Traceback" in done.stderr
    assert "KeyError: 'a bug'" in done.stderr


@pytest.mark.parametrize(
    ("text", "step"),
    [
        ("OSError: [Errno 28] No space left on device", "free some space"),
        ('IO Error: Could not write file "/h/warehouse.duckdb.wal": No space left on device', "free some space"),
        ("IO Error: Could not open file: Too many open files", "ulimit -n"),
        ("Binder Error: Referenced column not found", None),
    ],
)
def test_of_an_error_that_is_only_text_the_next_step_is_known_too(text: str, step: str | None) -> None:
    found = next_step(text)
    assert found is None if step is None else step in str(found)
