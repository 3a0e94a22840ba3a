"""What plain dbt refuses to do to the warehouse of a shop, and what it goes on doing without a landing."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping

import pytest

from churn_assets.instance.home import Home
from churn_assets.warehouse.project import PROJECT

# All in one process, since dbt takes seconds to import; what each said, and the warehouse after it.
INVOKE = """
import hashlib, io, json, sys
from contextlib import redirect_stdout
from pathlib import Path
from dbt.cli.main import dbtRunner
told = []
for arguments in json.loads(sys.argv[1]):
    with redirect_stdout(io.StringIO()):
        done = dbtRunner().invoke([*arguments, "--no-use-colors"])
    said = str(done.exception or "")
    for result in getattr(done.result, "results", None) or []:
        said += str(getattr(result, "message", "") or "")
    told.append([done.success, said, hashlib.sha256(Path("warehouse.duckdb").read_bytes()).hexdigest()])
Path("told.json").write_text(json.dumps(told))
"""
LANDED = json.dumps({"landing": {"orders": {"scan": "(select 1)", "types": {}}}})
REFUSED = {
    "build": ["build"],
    "run": ["run", "-s", "user_features"],
    "test": ["test", "-s", "user_features"],
    "full refresh": ["build", "--full-refresh", "--vars", LANDED],
    "empty": ["run", "--empty", "--vars", LANDED],
    "clone": ["clone", "--full-refresh", "--state", "{home}/state"],
}
ALLOWED = {
    "parse": ["parse"],
    "compile": ["compile", "-s", "user_features"],
    "list": ["list", "-s", "user_features"],
    "docs": ["docs", "generate"],
    "show": ["show", "--inline", "select 1 as one"],
}
Told = Mapping[str, tuple[bool, str, bool]]


@pytest.fixture(scope="module")
def told(warehouses: Mapping[str, Home], tmp_path_factory: pytest.TempPathFactory) -> Told:
    """Per command: whether it succeeded, what it said, whether the warehouse is what it was."""
    home = tmp_path_factory.mktemp("guard")
    shutil.copy(warehouses["whole"].warehouse, home / "warehouse.duckdb")
    before = hashlib.sha256((home / "warehouse.duckdb").read_bytes()).hexdigest()
    folders = {
        "DBT_PROJECT_DIR": str(PROJECT),
        "DBT_PROFILES_DIR": str(PROJECT),
        "DBT_TARGET_PATH": str(home / "state"),
    }
    commands = {**ALLOWED, **REFUSED}
    invoked = json.dumps(list(commands.values())).replace("{home}", str(home))
    done = subprocess.run(
        [sys.executable, "-c", INVOKE, invoked],
        cwd=home, env={**os.environ, **folders, "DBT_LOG_PATH": str(home / "logs")}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads((home / "told.json").read_text())
    return {name: (ok, said, sha256 == before) for name, (ok, said, sha256) in zip(commands, found, strict=True)}


@pytest.mark.parametrize("name", ["build", "run", "test"])
def test_without_a_landing_nothing_is_built(told: Told, name: str) -> None:
    ok, said, is_as_it_was = told[name]
    assert not ok
    assert f"dbt {name} was not told where the raw tables are" in said
    assert f"Nothing was changed. Use churn dbt -- {name} (--home DIR" in said
    assert is_as_it_was


def test_a_full_refresh_of_one_snapshot_is_refused(told: Told) -> None:
    ok, said, is_as_it_was = told["full refresh"]
    assert not ok
    assert "--full-refresh would keep the snapshots of this run only" in said
    assert "Use churn dbt -- build --full-refresh (" in said
    assert is_as_it_was


@pytest.mark.parametrize(
    ("name", "why"), [("empty", "would replace the rows of a snapshot by none"), ("clone", "nothing to clone into")]
)
def test_what_would_leave_tables_without_rows_is_refused(told: Told, name: str, why: str) -> None:
    ok, said, is_as_it_was = told[name]
    assert (ok, is_as_it_was) == (False, True)
    assert why in said


@pytest.mark.parametrize("name", ALLOWED)
def test_what_only_reads_the_project_needs_no_landing(told: Told, name: str) -> None:
    ok, said, is_as_it_was = told[name]
    assert ok, said
    assert is_as_it_was
