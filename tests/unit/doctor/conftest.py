"""A small healthy home, made in a second: three weekly snapshots of published tables, no run and no dbt behind them."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from churn_assets.doctor.machine import Machine
from churn_assets.duck import duck
from churn_assets.instance.home import Home
from churn_assets.instance.keys import own_key
from churn_assets.instance.record.store import Record
from churn_assets.instance.tables import Tables

# When the doctor looks: after whatever is published in the session that imports this.
NOW = datetime.now(UTC).replace(tzinfo=None) + timedelta(hours=1)
# Three days old: until 2026-11-29 it was the Monday before NOW, which from 23:00 UTC on a Sunday had not come yet.
NEWEST = NOW.date() - timedelta(days=3)
SNAPSHOTS = [NEWEST - timedelta(days=7 * weeks) for weeks in (2, 1, 0)]
MACHINE = Machine(NOW, (3, 12), {}, 1 << 40, 1 << 20, [], has_chinese_font=True, is_prepared=True)
TABLES = (("training", "training_set"), ("training", "churn_model"), ("scoring", "scored_users"),
    ("scoring", "user_reasons"), ("interventions", "decision_ledger"))  # fmt: skip
RUNS = """
create table runs (run_id text, status text, start_time float);
create table daemon_heartbeats (daemon_type text, timestamp text);
insert into runs values ('r1', 'SUCCESS', 1.0), ('r2', 'FAILURE', 2.0);
"""
INSTIGATORS = "create table instigators (instigator_body text, status text)"


def dagster_database(home: Path, file: str, *statements: str) -> None:
    path = home / "dagster" / file
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in statements:
            connection.executescript(statement)


def raw_rows(home: Path, newest: date, consents: date | None = None) -> None:
    """Orders of every week up to `newest`, and one consent."""
    days = [newest - timedelta(days=7 * week) for week in range(20)]
    lines = [f"o{n},u{n % 5},{day}T10:00:00,20.0\n" for n, day in enumerate(days)]
    header = "user_id,channel,purpose,is_granted,changed_at\n"
    for table, text in {
        "orders": "order_id,user_id,ordered_at,amount\n" + "".join(lines),
        "consents": f"{header}u1,email,direct_marketing,true,{consents or newest}T09:00:00\n",
    }.items():
        folder = home / "landing" / table
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "rows.csv").write_text(text)


def make_home(root: Path) -> Path:
    home = Home(root).prepare()
    home.settings_file.write_text(f"calendar: {{start: {NEWEST - timedelta(days=140)}}}\n")
    raw_rows(root, NEWEST - timedelta(days=1))
    tables = Tables(home.tables, Record(home.record))
    for day in SNAPSHOTS:
        for stage, table in TABLES:
            frame = pl.DataFrame({"user_id": [f"u{n}" for n in range(200)], "snapshot_date": [day] * 200})
            is_ledger = table == "decision_ledger"
            if is_ledger:
                frame = frame.with_columns(decision_id=pl.format("{}-{}", pl.lit(str(day)), "user_id"))
            tables.publish(stage, table, day, frame, seal=is_ledger)
    with duck(home.warehouse) as connection:
        connection.execute("create schema marts; create table marts.dim_users as select range as user_id from range(9)")
    own_key(home.secrets, "approval")
    dagster_database(root, "history/runs.db", RUNS)
    dagster_database(root, "schedules/schedules.db", INSTIGATORS)
    for path in root.rglob("*"):
        path.chmod(0o700 if path.is_dir() else 0o600)
    return root


@pytest.fixture(scope="session")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Not to be changed: copy it."""
    return make_home(tmp_path_factory.mktemp("doctor") / "home")


@pytest.fixture
def root(healthy: Path, tmp_path: Path) -> Path:
    """A copy of the healthy home."""
    return Path(shutil.copytree(healthy, tmp_path / "home"))
