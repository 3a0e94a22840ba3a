"""The SQL of the project as plain statements: compiled once by dbt, good for any calendar, run in any DuckDB.

dbt takes seconds for statements that DuckDB runs in milliseconds, so a check or test that builds the warehouse many
times asks dbt once. It compiles with dates that no shop has; `Dates` puts real ones in their place.
Compiled as if every raw table had every column and as if nothing had been built yet; the tests compile the incremental
form too.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

from filelock import FileLock

from churn_assets.contracts.raw import raw_contract
from churn_assets.instance.files import write_whole
from churn_assets.settings import Settings
from churn_assets.warehouse.project import run_dbt, source_files, target_folder
from churn_assets.warehouse.variables import baked_variables

PLANS = "plans"
STORED_PLANS = 8
# Stand-ins for what differs between runs. Compared as text by Jinja and never as dates by SQL.
FIRST, LAST, CONSUMED, KNOWN, START = "1111-01-01", "1111-12-31", "1112-01-01", "1113-01-01", "1110-01-01"
BOTH = f"('{FIRST}'), ('{LAST}')"
STAGES = ("staging", "marts", "features")


@dataclass(frozen=True)
class Model:
    """One table or view: `sql` selects its rows; `above` are the models it reads."""

    schema: str
    name: str
    kind: str
    unique_key: tuple[str, ...]
    sql: str
    above: tuple[str, ...]

    @property
    def relation(self) -> str:
        return f"{self.schema}.{self.name}"


@dataclass(frozen=True)
class BuildPlan:
    """The models of staging, marts and features in an order in which they can be built."""

    models: tuple[Model, ...]

    def below(self, *stages: str) -> tuple[Model, ...]:
        """The models of some stages only."""
        return tuple(model for model in self.models if model.schema in stages)

    def ancestors(self, relation: str) -> frozenset[str]:
        """Every model that `relation` is made of, itself included, as schema.name."""
        by_name = {model.relation: model for model in self.models}
        ancestors, waiting = {relation}, [relation]
        while waiting:
            above = set(by_name[waiting.pop()].above) - ancestors
            ancestors |= above
            waiting += above
        return frozenset(ancestors)


@dataclass(frozen=True)
class Dates:
    """The calendar of a run: see dbt_project.yml, `calendar`."""

    start: date
    snapshots: Sequence[date]
    consume_until: date | None = None  # default: the newest snapshot
    known_until: date | None = None  # default: the same
    consume_from: date | None = None

    def into(self, sql: str) -> str:
        """The compiled SQL with these dates in it."""
        listed = ", ".join(f"('{day}')" for day in self.snapshots)
        end = self.consume_until or self.snapshots[-1]
        real = {
            BOTH: listed,
            FIRST: str(self.snapshots[0]),
            LAST: str(end),
            KNOWN: str(self.known_until or end),
            CONSUMED: str(self.consume_from or self.snapshots[0]),
            START: str(self.start),
        }
        for stand_in, value in real.items():
            sql = sql.replace(stand_in, value)
        return sql


def statements(models: Iterable[Model], dates: Dates) -> list[str]:
    """The statements of dbt-duckdb in an empty database, without its tests."""
    listed = list(models)
    schemas = [f"create schema if not exists {schema}" for schema in sorted({model.schema for model in listed})]
    builds = [
        f"create {'view' if model.kind == 'view' else 'table'} {model.relation} as ({dates.into(model.sql)}\n)"
        for model in listed
    ]
    return [*schemas, *builds]


def plan_for(settings: Settings) -> BuildPlan:
    """From the cache of the project, if it was made with such settings before; else dbt compiles it (6-10 s)."""
    variables = plan_variables(settings)
    folder = target_folder() / PLANS
    file = folder / f"{_cache_key(variables)}.json"
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.with_suffix(".lock")):
        if not file.exists():
            store_plan(compiled(variables), variables)
        content = json.loads(file.read_text())
    return BuildPlan(tuple(_model(fields) for fields in content))


def store_plan(nodes: Mapping[str, Any], variables: Mapping[str, Any]) -> None:
    """Put the models that dbt compiled with these variables into the cache."""
    content = json.dumps([asdict(model) for model in models_of(nodes)])
    folder = target_folder() / PLANS
    write_whole(folder / f"{_cache_key(variables)}.json", lambda file: file.write_text(content))
    for old in sorted(folder.glob("*.json"), key=lambda file: -file.stat().st_mtime)[STORED_PLANS:]:
        old.unlink(missing_ok=True)


def plan_variables(settings: Settings) -> dict[str, Any]:
    """Variables of dbt for compiling a plan."""
    return {
        "warehouse": ":memory:",
        "landing": {
            table.name: {"columns": [column.name for column in table.columns], "complete_columns": []}
            for table in raw_contract()
        },
        "calendar": {
            "cadence": settings.calendar.cadence,
            "start": START,
            "snapshots": [FIRST, LAST],
            "consume_from": CONSUMED,
            "known_until": KNOWN,
        },
        **baked_variables(settings),
    }


def compiled(variables: Mapping[str, Any]) -> Mapping[str, Any]:
    """Nodes of the manifest with compiled SQL, compiled in a temporary folder: the target of the project is shared."""
    with tempfile.TemporaryDirectory() as folder:
        settings = ["--select", "resource_type:model", "--vars", json.dumps(variables)]
        run_dbt("compile", "--target-path", folder, *settings)
        nodes: Mapping[str, Any] = json.loads((Path(folder) / "manifest.json").read_text())["nodes"]
    return nodes


def models_of(nodes: Mapping[str, Any]) -> list[Model]:
    """The models of staging, marts and features, each after those it reads."""
    models = {key: node for key, node in nodes.items() if node["resource_type"] == "model" and node["fqn"][1] in STAGES}
    reads = {key: [above for above in node["depends_on"]["nodes"] if above in models] for key, node in models.items()}
    order = TopologicalSorter(dict(sorted(reads.items()))).static_order()

    def read_relations(key: str) -> set[str]:
        """An ephemeral model is replaced by the models it reads."""
        return {
            name
            for above in reads[key]
            for name in (
                read_relations(above)
                if models[above]["config"]["materialized"] == "ephemeral"
                else {f"{models[above]['schema']}.{models[above]['name']}"}
            )
        }

    return [
        _model({
            "schema": node["schema"],
            "name": node["name"],
            "kind": node["config"]["materialized"],
            "unique_key": _listed(node["config"].get("unique_key")),
            "sql": node["compiled_code"],
            "above": sorted(read_relations(key)),
        })
        for key in order
        if (node := models[key])["config"]["materialized"] != "ephemeral"
    ]  # fmt: skip


def _listed(key: str | Sequence[str] | None) -> list[str]:
    return [key] if isinstance(key, str) else list(key or ())


def _model(fields: Mapping[str, Any]) -> Model:
    return Model(**{**fields, "unique_key": tuple(fields["unique_key"]), "above": tuple(fields["above"])})


def _cache_key(variables: Mapping[str, Any]) -> str:
    """Hash of everything that the compiled SQL depends on."""
    parts = [file.read_bytes() for file in source_files("models", "macros")]
    parts += [Path(__file__).read_bytes(), json.dumps(variables, sort_keys=True).encode()]
    return hashlib.sha256(b"".join(parts)).hexdigest()[:24]
