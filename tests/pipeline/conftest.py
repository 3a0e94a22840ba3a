"""Instances in temporary homes, driven through the real command line.

A run costs 20-40 s, nearly all of it dbt and imports. So there is one base instance (`base`: three weekly snapshots of
a simulated shop), made once for all workers of a session and never changed; who wants to change one takes a copy of it
as it was after one of its runs. Independent instances live in separate files, for `pytest -n 2 --dist loadfile`.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
import yaml
from filelock import FileLock

CHURN = Path(sys.executable).with_name("churn")
END = date(2026, 11, 16)
WEEKS = (date(2026, 11, 2), date(2026, 11, 9), END)  # labels of the first mature at the last
SETTINGS = {
    "calendar": {"start": "2026-08-03"},
    "churn": {"horizon_days": 14},
    "training": {
        "slices": 2, "slice_step_days": 14, "min_users": 50, "min_churners": 30, "min_stayers": 30, "iterations": 40,
    },
    "decisions": {"budget_amount": 60.0, "holdout_share": 0.2, "exploration_share": 0.2},
}  # fmt: skip


@dataclass(frozen=True)
class Instance:
    """One home, and the command line on it."""

    home: Path

    @property
    def landing(self) -> Path:
        return self.home / "landing"

    def churn(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self._command(arguments), env=_environment(), capture_output=True, text=True, check=False
        )

    def succeed(self, *arguments: str) -> str:
        """A command that must not fail; returns what it printed."""
        done = self.churn(*arguments)
        assert done.returncode == 0, f"churn {' '.join(arguments)}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def kill(self, *arguments: str, when: Callable[[str], bool]) -> str:
        """SIGKILL the command, and nothing it started, once what it and Dagster have told by then satisfies `when`."""
        process = subprocess.Popen(
            self._command(arguments), env=_environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        told = ""
        assert process.stdout is not None
        os.set_blocking(process.stdout.fileno(), False)
        while not when(told):
            assert process.poll() is None, f"ended before it could be killed:\n{told}"
            told += process.stdout.read() or ""
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
        process.wait()
        return told

    def query(self, sql: str) -> pl.DataFrame:
        """Rows through one read-only connection, as an analyst would."""
        with duckdb.connect(str(self.home / "warehouse.duckdb"), read_only=True) as connection:
            return pl.DataFrame(connection.sql(sql))

    def values_of(self, relation: str, snapshot: date) -> str:
        """Hash over all values of the rows at a snapshot, whatever their order."""
        rows = self.query(f"select * from {relation} where snapshot_date = date '{snapshot}' order by all")
        assert len(rows), f"{relation} has no row at {snapshot}"
        return hashlib.sha256(rows.write_csv(float_precision=None).encode()).hexdigest()

    def copy(self, home: Path) -> Instance:
        shutil.copytree(self.home, home)
        return Instance(home)

    def _command(self, arguments: tuple[str, ...]) -> list[str]:
        return [str(CHURN), *arguments, "--home", str(self.home)]


@dataclass(frozen=True)
class Base:
    """The base instance after its last run, and copies of it as it was after each run."""

    final: Instance
    after: dict[date, Instance]
    told: dict[date, str]


def new_instance(home: Path, **sections: Any) -> Instance:
    """An empty home with the small settings of these tests."""
    home.mkdir(parents=True)
    (home / "churn.yaml").write_text(yaml.safe_dump(SETTINGS | sections))
    return Instance(home)
