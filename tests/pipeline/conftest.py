"""Instances in temporary homes, driven through the real command line.

A run costs 15-30 s, most of it dbt and Dagster. So commands start warm (warm.py), and there is one base instance
(`base`: three weekly snapshots of a simulated shop), made once for all workers of a session and never changed; a test
that changes an instance takes a copy of it as it was after one of its runs. Independent instances live in separate
files, for `pytest -n 4 --dist loadfile`.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from email import message_from_bytes
from email.message import Message
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
import yaml
from filelock import FileLock

from tests.pipeline import warm
from tests.unit.delivery.test_delivery_smtp import AnyPort

CHURN = Path(sys.executable).with_name("churn")
END = date(2026, 11, 16)
WEEKS = (date(2026, 11, 2), date(2026, 11, 9), END)  # labels of the first mature at the last
SIMULATE = ("simulate", "--users", "400", "--weeks", "40", "--end", str(END))
SETTINGS = {
    "calendar": {"start": "2026-08-03"},
    "churn": {"horizon_days": 14},
    "training": {
        "slices": 2, "slice_step_days": 14, "min_users": 50, "min_churners": 30, "min_stayers": 30, "iterations": 40,
    },
    # Of some 300 users few have an alarm, and fewer a reason to be called about.
    "scoring": {"alarm_share": 0.6, "least_reason_log_odds": 0.02},
    "decisions": {"budget_amount": 45.0, "holdout_share": 0.2, "exploration_share": 0.2, "random_share": 0.2,
        "margin_share": 1.0, "policy": "rules", "max_risk_tiers": ["urgent", "watch"]},
}  # fmt: skip


@dataclass(frozen=True)
class Instance:
    """One home, and the command line on it."""

    home: Path

    @property
    def landing(self) -> Path:
        return self.home / "landing"

    def churn(self, *arguments: str, suites: Path | None = None) -> subprocess.CompletedProcess[str]:
        return warm.churn([*arguments, "--home", str(self.home)], suites)

    def succeed(self, *arguments: str) -> str:
        """A command that must not fail; returns what it printed."""
        result = self.churn(*arguments)
        assert result.returncode == 0, f"churn {' '.join(arguments)}\n{result.stdout}\n{result.stderr}"
        return result.stdout

    def kill(self, *arguments: str, when: Callable[[str], bool]) -> str:
        """SIGKILL the command, and nothing it started, as soon as its output satisfies `when`."""
        log = self.home.with_suffix(".log")
        unbuffered = {**os.environ, "PYTHONUNBUFFERED": "1"}
        with log.open("w") as output:
            process = subprocess.Popen(self._command(arguments), env=unbuffered, stdout=output, stderr=output)
        try:
            while not when(log.read_text()):
                assert process.poll() is None, f"ended before it could be killed:\n{log.read_text()}"
                time.sleep(0.02)
        finally:
            process.kill()
            process.wait()
        return log.read_text()

    def query(self, sql: str) -> pl.DataFrame:
        """Rows through one read-only connection, as an analyst would."""
        with duckdb.connect(str(self.home / "warehouse.duckdb"), read_only=True) as connection:
            result = connection.execute(sql)
            columns = [column[0] for column in result.description]
            return pl.DataFrame(result.fetchall(), schema=columns, orient="row", infer_schema_length=None)

    def values_of(self, relation: str, snapshot: date) -> str:
        """Hash over all values of the rows at a snapshot, whatever their order."""
        rows = self.query(f"select * from {relation} where snapshot_date = date '{snapshot}' order by all")
        assert len(rows), f"{relation} has no row at {snapshot}"
        return hashlib.sha256(rows.write_csv().encode()).hexdigest()

    def published(self) -> dict[tuple[str, str, str], tuple[str, str]]:
        """SHA-256 and moment of publication of every partition that the manifest lists."""
        with closing(sqlite3.connect(self.home / "record.sqlite")) as connection:
            rows = connection.execute("select stage, table_name, snapshot_date, sha256, published_at from manifest")
            return {(stage, table, day): (sha256, at) for stage, table, day, sha256, at in rows}

    def runs(self) -> list[str]:
        """Status of every Dagster run there was, oldest first."""
        with closing(sqlite3.connect(self.home / "dagster" / "history" / "runs.db")) as connection:
            return [status for (status,) in connection.execute("select status from runs order by id")]

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
    outputs: dict[date, str]


def _new_instance(home: Path, **sections: Any) -> Instance:
    home.mkdir(parents=True)
    (home / "churn.yaml").write_text(yaml.safe_dump(SETTINGS | sections))
    return Instance(home)


@pytest.fixture(scope="session")
def new_instance() -> Callable[..., Instance]:
    """Makes an empty home with the small settings of these tests; keywords replace whole sections."""
    return _new_instance


@pytest.fixture(scope="session")
def simulate() -> tuple[str, ...]:
    """The command that fills the landing of the base instance."""
    return SIMULATE


class Postbox:
    """An SMTP server that stores the mails it receives."""

    def __init__(self) -> None:
        self.mails: list[Message] = []

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        self.mails.append(message_from_bytes(envelope.content))
        return "250 taken"


@pytest.fixture(scope="module")
def postbox() -> Iterator[tuple[Postbox, int]]:
    box = Postbox()
    controller = AnyPort(box, hostname="127.0.0.1", port=0)
    controller.start()
    yield box, controller.port
    controller.stop()


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Base:
    """Made by the first worker that asks; the others wait for it."""
    root = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        root = root.parent
    instance = Instance(root / "base" / "home")
    copies = {day: Instance(root / "base" / str(day)) for day in WEEKS}
    with FileLock(root / "base.lock"):
        if not (root / "base" / "outputs.yaml").exists():
            shutil.rmtree(root / "base", ignore_errors=True)
            _new_instance(instance.home)
            instance.succeed(*SIMULATE)
            outputs = {}
            for day, copy in copies.items():
                outputs[str(day)] = instance.succeed("run", "--snapshot", str(day))
                instance.copy(copy.home)
            (root / "base" / "outputs.yaml").write_text(yaml.safe_dump(outputs))
    outputs = yaml.safe_load((root / "base" / "outputs.yaml").read_text())
    return Base(instance, copies, {day: outputs[str(day)] for day in WEEKS})
