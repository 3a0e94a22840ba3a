"""What a run is about reaches dbt by the environment, so that its parsed project stays good."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from churn_assets.warehouse.child import RUN_VARS, vars_into_environment


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    for name in (RUN_VARS, "DBT_PROJECT_DIR", "DBT_PROFILES_DIR"):
        monkeypatch.setenv(name, "")  # put back afterwards, whatever a test leaves
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_variables_go_into_the_environment_and_the_warehouse_into_the_folder(elsewhere: Path) -> None:
    home = elsewhere / "home"
    home.mkdir()
    variables = json.dumps({"warehouse": str(home / "warehouse.duckdb"), "restated": True})
    assert vars_into_environment(["build", "--vars", variables, "--full-refresh"]) == ["build", "--full-refresh"]
    assert json.loads(os.environ[RUN_VARS]) == {"restated": True}
    assert Path.cwd() == home
    # The project is still found where dbt was started.
    assert os.environ["DBT_PROJECT_DIR"] == os.environ["DBT_PROFILES_DIR"] == str(elsewhere)


def test_a_project_named_by_the_environment_stays_the_one(elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DBT_PROJECT_DIR", "/project")
    vars_into_environment(["run", "--vars", json.dumps({"warehouse": str(elsewhere / "warehouse.duckdb")})])
    assert os.environ["DBT_PROJECT_DIR"] == "/project"


def test_a_warehouse_of_another_name_stays_a_variable(elsewhere: Path) -> None:
    left = vars_into_environment(["compile", "--vars", '{"warehouse": ":memory:", "restated": false}'])
    assert left == ["compile", "--vars", '{"warehouse": ":memory:"}']
    assert Path.cwd() == elsewhere


def test_without_variables_nothing_is_touched(elsewhere: Path) -> None:
    assert vars_into_environment(["parse", "--quiet"]) == ["parse", "--quiet"]
    assert RUN_VARS not in os.environ
    assert Path.cwd() == elsewhere
