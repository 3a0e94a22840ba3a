"""`churn dbt` on a living home: what dbt does there leaves everything else as a run left it."""

from __future__ import annotations

import fcntl
import hashlib
import sqlite3
import subprocess
import time
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest

from tests.pipeline.conftest import CHURN, END, WEEKS, Base, Instance

TABLES = (
    "select table_schema || '.' || table_name from information_schema.tables where table_type = 'BASE TABLE' order by 1"
)


@pytest.fixture
def instance(base: Base, tmp_path: Path) -> Instance:
    return base.final.copy(tmp_path / "home")


def command(instance: Instance, *arguments: str, snapshot: date = END) -> list[str]:
    return [str(CHURN), "dbt", "--home", str(instance.home), "--snapshot", str(snapshot), "--", *arguments]


def dbt(instance: Instance, *arguments: str, snapshot: date = END) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(instance, *arguments, snapshot=snapshot), capture_output=True, text=True, check=False)


def rows_in(instance: Instance) -> dict[str, str]:
    """Hash over all values of each table that dbt made."""
    tables = [name for (name,) in instance.query(TABLES).iter_rows()]
    return {
        name: hashlib.sha256(repr(instance.query(f"select * from {name} order by all").rows()).encode()).hexdigest()
        for name in tables
    }


def made_with(instance: Instance) -> str:
    with closing(sqlite3.connect(instance.home / "record.sqlite")) as connection:
        (value,) = connection.execute("select value from facts where name = 'warehouse.settings'").fetchone()
    return str(value)


def test_a_build_at_a_past_snapshot_leaves_every_row_of_every_table(instance: Instance) -> None:
    before, fact = rows_in(instance), made_with(instance)
    done = dbt(instance, "build", "-q", snapshot=WEEKS[0])
    assert (done.returncode, done.stderr) == (0, f"dbt build at snapshot {WEEKS[0]} of {instance.home}\n"), done.stdout
    assert rows_in(instance) == before
    assert made_with(instance) == fact, "made with the same SQL and settings, so still what a run made"
    assert instance.query("select count(*) from masked.user_features").item() > 0


def test_a_full_refresh_makes_every_snapshot_again(instance: Instance) -> None:
    before = rows_in(instance)
    selected = ("-s", "fct_orders", "dim_snapshots", "user_features", "churn_labels")
    done = dbt(instance, "run", "--full-refresh", "-q", *selected)
    assert done.returncode == 0, done.stdout + done.stderr
    assert rows_in(instance) == before
    days = instance.query("select count(distinct snapshot_date) from features.user_features").item()
    assert days > len(WEEKS), "history for training too"


def test_what_no_run_has_built_is_not_built_by_hand(instance: Instance) -> None:
    before = rows_in(instance)
    done = dbt(instance, "build", "-s", "dim_snapshots", snapshot=date(2026, 11, 23))
    assert done.returncode == 1
    assert done.stderr.startswith("Error: 2026-11-23 has not been built (the newest that have: ")
    assert "churn run --snapshot 2026-11-23 builds it" in done.stderr
    done = dbt(instance, "run", "--vars", "{calendar: {snapshots: ['2026-11-23']}}")
    assert (done.returncode, done.stderr.splitlines()[-1]) == (
        1, "Error: --vars calendar: set by the home, its settings and --snapshot, not by hand  [dbt]",
    )  # fmt: skip
    assert rows_in(instance) == before


def test_dbt_reads_and_tests_as_people_expect(instance: Instance) -> None:
    done = dbt(instance, "test", "-q", "-s", "user_features")
    assert (done.returncode, done.stdout) == (0, "")
    count = "select count(*) as n from {{ ref('user_features') }} where snapshot_date = {{ dbt.date(2026, 11, 16) }}"
    told = dbt(instance, "show", "-q", "--output", "json", "--inline", count).stdout
    there = instance.query(f"select count(*) from features.user_features where snapshot_date = '{END}'").item()
    assert f'"n": {there}' in told
    assert dbt(instance, "docs", "generate", "-q").returncode == 0
    assert (instance.home / "dbt" / "target" / "catalog.json").exists()
    failed = dbt(instance, "build", "--no-such-option")
    assert failed.returncode == 2, "dbt's own code"


def test_a_mixture_is_made_again_by_the_next_run(instance: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    """Built by hand with other settings, which are then as they were: the run has to know all the same. A run: 40 s."""
    before, scores = rows_in(instance), instance.values_of("scoring.scored_users", END)
    monkeypatch.setenv("CHURN__LANDING__CANCELLED_STATUSES", '["completed"]')
    done = dbt(instance, "run", "--full-refresh", "-q", "-s", "fct_orders")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "the next churn run makes all of it again" in done.stderr
    monkeypatch.delenv("CHURN__LANDING__CANCELLED_STATUSES")
    changed = {name for name, rows in rows_in(instance).items() if rows != before[name]}
    assert changed == {"marts.fct_orders"}
    assert made_with(instance).startswith("a mixture, by churn dbt at ")
    instance.succeed("run", "--snapshot", str(END))
    after = rows_in(instance)
    # A run makes portraits of its own snapshots only.
    assert {name for name, rows in after.items() if rows != before[name]} <= {"marts.dim_user_profiles"}
    assert instance.values_of("scoring.scored_users", END) == scores
    assert not made_with(instance).startswith("a mixture")


def test_killed_in_the_middle_it_leaves_what_the_same_again_completes(instance: Instance) -> None:
    before = rows_in(instance)
    with subprocess.Popen(command(instance, "--no-use-colors", "build"), stdout=subprocess.PIPE, text=True) as killed:
        assert killed.stdout is not None
        assert any("OK created sql incremental" in line for line in killed.stdout)
        killed.kill()
    done = dbt(instance, "build", "-q")
    assert done.returncode == 0, done.stdout + done.stderr
    assert rows_in(instance) == before


def test_it_waits_for_whoever_has_the_warehouse(instance: Instance) -> None:
    with (instance.home / "locks" / "warehouse.lock").open("a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        waiting = subprocess.Popen(
            command(instance, "compile", "-q", "-s", "fct_orders"), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            text=True,
        )  # fmt: skip
        time.sleep(8)  # longer than it takes to come to the lock
        assert waiting.poll() is None
    _, told = waiting.communicate(timeout=60)
    assert (waiting.returncode, told) == (0, f"dbt compile at snapshot {END} of {instance.home}\n")
