"""What the bare process has to do: the SQL that dbt compiles for the history and the snapshot, as plain statements.

The SQL can only be had by running dbt, since an incremental model compiles to something else where its table is
missing; so it runs, unmeasured, in a scratch home over the same landing.
"""

from __future__ import annotations

import dataclasses
import json
import subprocess
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from churn_assets.duck import duck
from churn_assets.model.expected import EXPECTED_PURCHASES
from churn_assets.warehouse.features import describe
from churn_assets.warehouse.history import missing_history
from churn_assets.warehouse.project import PROJECT, dbt_executable
from churn_assets.warehouse.reads import AT_SNAPSHOT, LABELLED, features_at
from churn_assets.warehouse.season import season_at
from churn_assets.warehouse.slices import slices_for
from churn_assets.warehouse.variables import variables
from churn_assets.workplace import Workplace

RAW_VIEWS = "select sql from duckdb_views() where schema_name = 'raw'"


def write_plan(workplace: Workplace, snapshot: date, folder: Path) -> Path:
    """The plan for `snapshot`, made by means of the scratch instance `workplace`."""
    days = [*missing_history(workplace, [snapshot]), snapshot]
    statements = list(_statements(_run_dbt(workplace, days, folder / "target")))
    with duck(workplace.home.warehouse, read_only=True) as connection:
        views = [sql for (sql,) in connection.execute(RAW_VIEWS).fetchall()]
    bare = folder / "bare"
    bare.mkdir()
    columns = [*features_at(workplace, snapshot).drop("status").columns, EXPECTED_PURCHASES.name]
    plan = {
        "snapshot": snapshot.isoformat(),
        "settings": str(workplace.home.settings_file),
        "folder": str(bare),
        "features": [dataclasses.asdict(feature) for feature in describe(columns)],
        "statements": ["create schema raw", *views, *statements],
        "season": season_at(workplace, snapshot, slices_for(workplace, snapshot)[-1]),
        "training": _with_values(LABELLED, workplace, snapshot),
        "scoring": _with_values(AT_SNAPSHOT, workplace, snapshot),
    }
    file = bare / "plan.json"
    file.write_text(json.dumps(plan))
    return file


def _run_dbt(workplace: Workplace, days: Sequence[date], target: Path) -> list[dict[str, Any]]:
    """Build the warehouse up to `days`; returns the models in the order in which they were done."""
    command = [
        dbt_executable(), "--quiet", "run", "--select", "fqn:staging fqn:marts fqn:features",
        "--vars", json.dumps(variables(workplace, days)), "--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT),
        "--target-path", str(target), "--log-path", str(target),
    ]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True)
    nodes = json.loads((target / "manifest.json").read_text())["nodes"]
    done = json.loads((target / "run_results.json").read_text())["results"]
    models = [(nodes[result["unique_id"]], result["compiled_code"]) for result in done]
    return [node | {"sql": sql} for node, sql in models if node["resource_type"] == "model"]


def _statements(models: Sequence[dict[str, Any]]) -> Iterator[str]:
    """What dbt-duckdb does in an empty warehouse for a view and for everything else."""
    yield from (f"create schema {schema}" for schema in sorted({model["schema"] for model in models}))
    for model in models:
        kind = "view" if model["config"]["materialized"] == "view" else "table"
        yield f"create {kind} {model['schema']}.{model['name']} as ({model['sql']})"


def _with_values(sql: str, workplace: Workplace, snapshot: date) -> str:
    slices = ", ".join(f"date '{day}'" for day in slices_for(workplace, snapshot))
    values = {
        "$snapshot": f"date '{snapshot}'",
        "$slices": f"[{slices}]",
        "$definition": f"'{workplace.settings.churn.definition}'",
    }
    for name, value in values.items():
        sql = sql.replace(name, value)
    return sql
