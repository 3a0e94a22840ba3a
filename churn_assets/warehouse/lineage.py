"""Column lineage of the dbt models, worked out once when the project is prepared and only read by the runs.

It needs compiled SQL and no warehouse: dbt compiles against an empty database in memory, as if nothing had been built.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from filelock import FileLock

from churn_assets.instance.files import write_whole
from churn_assets.settings import Settings
from churn_assets.warehouse import origins, said
from churn_assets.warehouse.plan import compiled, keep, plan_variables
from churn_assets.warehouse.project import PROJECT, manifest, source_files
from churn_assets.warehouse.variables import LISTS

TARGET = PROJECT / "target"
FILE = TARGET / "lineage.json"
TOLD_ORIGINS = 4
Columns = Mapping[str, list[list[str]]]


def prepare_lineage() -> None:
    """Bring the cache up to the project: some 15 s of work when something has changed, else none."""
    manifest()
    with FileLock(TARGET / "lineage.lock"):
        if _cached() is None:
            told = plan_variables(Settings())
            nodes = compiled(told)
            keep(nodes, told)
            content = json.dumps({"made_from": _sources_sha256(), "models": _models_with_origins(nodes)})
            write_whole(FILE, lambda file: file.write_text(content))


@cache
def lineage() -> Mapping[str, Columns] | None:
    """Origins of the columns per model (`schema.name`); None where they were not worked out for the project as it is.

    A run does not make up for that: it would pay those seconds for a picture.
    """
    return _cached()


def made_of(schema: str, model: str, column: str) -> str:
    """The same in words, for the table schema of an event: the free UI draws lineage of tables only (Dagster 1.13)."""
    found = [".".join(origin) for origin in (lineage() or {}).get(f"{schema}.{model}", {}).get(column, [])]
    if not found:
        return ""
    more = f" and {len(found) - TOLD_ORIGINS} more" if len(found) > TOLD_ORIGINS else ""
    return f" From {', '.join(found[:TOLD_ORIGINS])}{more}."


def _cached() -> Mapping[str, Columns] | None:
    content: dict[str, Any] = json.loads(FILE.read_text()) if FILE.exists() else {}
    return content["models"] if content.get("made_from") == _sources_sha256() else None


def _sources_sha256() -> str:
    """Of everything that lineage follows from, and of the code that follows it."""
    files = [*source_files("models", "macros"), Path(origins.__file__), Path(said.__file__)]
    parts = [*(file.read_bytes() for file in files), json.dumps(LISTS).encode()]
    return hashlib.sha256(b"".join(parts)).hexdigest()


def _models_with_origins(nodes: Mapping[str, Any]) -> dict[str, dict[str, list[origins.Origin]]]:
    schema: dict[str, dict[str, list[str]]] = {}
    for table in [*manifest()["nodes"].values(), *manifest()["sources"].values()]:
        if table["resource_type"] in ("model", "source") and table["columns"]:
            schema.setdefault(table["schema"], {})[table["name"]] = list(table["columns"])
    models = [node for node in nodes.values() if node["config"]["materialized"] != "ephemeral"]
    return {
        f"{node['schema']}.{node['name']}": origins.column_origins(node["compiled_code"], schema)
        for node in models
        if node["resource_type"] == "model"
    }
