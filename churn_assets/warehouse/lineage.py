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
from churn_assets.warehouse.plan import compiled, plan_variables, store_plan
from churn_assets.warehouse.project import manifest, source_files, target_folder
from churn_assets.warehouse.variables import LISTS

FILE = "lineage.json"
SHOWN_ORIGINS = 4
Columns = Mapping[str, list[list[str]]]


def prepare_lineage() -> None:
    """Renew the cache of lineage if the project has changed: some 15 s."""
    manifest()
    with FileLock(file().with_suffix(".lock")):
        if _cached() is None:
            variables = plan_variables(Settings())
            nodes = compiled(variables)
            store_plan(nodes, variables)
            content = json.dumps({"made_from": _sources_sha256(), "models": _models_with_origins(nodes)})
            write_whole(file(), lambda target: target.write_text(content))


def file() -> Path:
    """The cache of lineage."""
    return target_folder() / FILE


@cache
def lineage() -> Mapping[str, Columns] | None:
    """Origins of the columns per model (`schema.name`); None where they were not worked out for the project as it is.

    A run does not work them out: some 15 s for a display are too much.
    """
    return _cached()


def origins_text(schema: str, model: str, column: str) -> str:
    """Origins of a column as text for the table schema: the free UI draws lineage of tables only (Dagster 1.13)."""
    origin_names = [".".join(origin) for origin in (lineage() or {}).get(f"{schema}.{model}", {}).get(column, [])]
    if not origin_names:
        return ""
    more = f" and {len(origin_names) - SHOWN_ORIGINS} more" if len(origin_names) > SHOWN_ORIGINS else ""
    return f" From {', '.join(origin_names[:SHOWN_ORIGINS])}{more}."


def _cached() -> Mapping[str, Columns] | None:
    content: dict[str, Any] = json.loads(file().read_text()) if file().exists() else {}
    return content["models"] if content.get("made_from") == _sources_sha256() else None


def _sources_sha256() -> str:
    """Hash of everything that lineage depends on, and of the code that works it out."""
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
