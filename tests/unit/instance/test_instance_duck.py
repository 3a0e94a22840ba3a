"""Opening the warehouse while somebody else still has it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from churn_assets.duck import duck

HOLD = """
import sys, time, duckdb
connection = duckdb.connect(sys.argv[1])
print("held", flush=True)
time.sleep(float(sys.argv[2]))
"""


def hold(file: Path, seconds: float) -> subprocess.Popen[str]:
    """A process that has `file` open for so long."""
    command = [sys.executable, "-c", HOLD, str(file), str(seconds)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_process_that_is_about_to_go_is_waited_for(tmp_path: Path) -> None:
    with hold(tmp_path / "w.duckdb", 1), duck(tmp_path / "w.duckdb") as connection:
        assert connection.execute("select 1").fetchall() == [(1,)]


def test_one_that_stays_is_named(tmp_path: Path) -> None:
    with hold(tmp_path / "w.duckdb", 60) as holder:
        with pytest.raises(duckdb.IOException, match=rf"Conflicting lock is held in .*PID {holder.pid}"):
            duck(tmp_path / "w.duckdb", wait_seconds=0.5).__enter__()
        holder.kill()


def test_what_is_no_database_is_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / "w.duckdb").write_text("something else" * 1000)
    with pytest.raises(duckdb.IOException, match="not a valid DuckDB database"):
        duck(tmp_path / "w.duckdb").__enter__()
