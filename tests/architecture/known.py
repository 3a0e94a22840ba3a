"""What there is that a document may name: settings, tables and columns, commands, modules, words of the code.

Read from where each is defined; nothing with Dagster in it is imported, which would take seconds.
"""

from __future__ import annotations

import ast
import re
import sqlite3
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from typer.main import get_command

from churn_assets.catalogue.slots import SLOTS
from churn_assets.command.cli import app
from churn_assets.settings import Settings
from churn_assets.settings.listed import as_json
from churn_assets.settings.names import BETWEEN, PREFIX, variable_of
from churn_assets.settings.services import Service
from churn_assets.warehouse.project import manifest
from tests.documents import ROOT

PACKAGE, PROJECT = ROOT / "churn_assets", ROOT / "dbt_project"
CODE_FOLDERS = ("churn_assets", "benchmarks", "expectations", "dbt_project/models", "dbt_project/macros")
CODE_ENDINGS = (".py", ".sql", ".yml", ".json")
CODE_FILES = ("Makefile", "pyproject.toml", "dagster.yaml", "workspace.yaml", "dbt_project/dbt_project.yml")
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")


@cache
def settings() -> Mapping[str, Mapping[str, str]]:
    """Per section its fields, with their defaults as `churn settings` shows them."""
    sections = {name: section.default for name, section in Settings.model_fields.items()}
    return {
        name: {field: as_json(getattr(section, field)) for field in type(section).model_fields}
        for name, section in sections.items()
    }


@cache
def tables() -> Mapping[str, frozenset[str]]:
    """Per `stage.table` its columns; none where no file states them, as of an asset that is no table."""
    graph = (ROOT / "tests/architecture/__snapshots__/test_architecture_graph.ambr").read_text()
    found = {f"{stage}.{table}": frozenset[str]() for stage, table in re.findall(r"'(\w+)/(\w+)': dict", graph)}
    for node in [*manifest()["nodes"].values(), *manifest()["sources"].values()]:
        if node["resource_type"] in ("model", "source"):
            found[f"{node['schema']}.{node['name']}"] = frozenset(node["columns"])
    for file in (PACKAGE / "contracts").glob("*.py"):
        contract = re.match(r'"""Contract of (\w+\.\w+)', file.read_text())
        if contract:
            found[contract[1]] = _fields(file)
    return found


@cache
def columns() -> Mapping[str, frozenset[str]]:
    """Of tables named without their stage, and of those of the record."""
    found = {table.split(".")[1]: fields for table, fields in tables().items() if fields}
    with sqlite3.connect(":memory:") as record:
        for step in sorted((PACKAGE / "instance/record/migrations").glob("*.sql")):
            record.executescript(step.read_text())
        named = record.execute("select m.name, c.name from sqlite_master m, pragma_table_info(m.name) c").fetchall()
    return found | {table: frozenset(column for of, column in named if of == table) for table, _ in named}


@cache
def commands() -> Mapping[str, Any]:
    """By name, as click has them; a command under another one by both names."""
    group: Any = get_command(app)
    under = {
        f"{name} {each}": command
        for name, parent in group.commands.items()
        for each, command in getattr(parent, "commands", {}).items()
    }
    # A name that only gathers others (`churn account`) is no command of its own.
    own = {name: each for name, each in group.commands.items() if not getattr(each, "no_args_is_help", False)}
    return {**own, **under}


@cache
def options() -> frozenset[str]:
    """Of our commands, and what the code asks of others."""
    every: list[Any] = [get_command(app), *commands().values()]
    ours = {name for command in every for each in command.params for name in each.opts}
    return frozenset(ours | {name for text in code().values() for name in OPTION.findall(text)})


@cache
def code() -> Mapping[Path, str]:
    """Text of all that documents speak of."""
    files = [file for folder in CODE_FOLDERS for file in (ROOT / folder).rglob("*") if file.suffix in CODE_ENDINGS]
    files += [ROOT / name for name in CODE_FILES]
    return {file: file.read_text(encoding="utf-8") for file in files}


@cache
def words() -> frozenset[str]:
    """Of the code, and the slots of texts, whose names are put together."""
    return frozenset([word for text in code().values() for word in re.findall(r"\w+", text)] + [*SLOTS])


def is_written(text: str) -> bool:
    return any(text in each for each in code().values())


def is_read(variable: str) -> bool:
    """Whether code asks for a variable of the environment by its name."""
    if variable.startswith(PREFIX):
        fields = (f"{section}.{field}" for section, names in settings().items() for field in names)
        services = variable_of("delivery.services") + BETWEEN  # names are the user's, what they hold is Service's
        parts = variable.removeprefix(services).lower().split(BETWEEN) if variable.startswith(services) else []
        return variable in map(variable_of, fields) or (len(parts) > 1 and parts[1] in Service.model_fields)
    named = {True: rf"\b{variable}\b", False: rf"[\"']{variable}[\"']"}
    return any(re.search(named[file.name == "Makefile"], text) for file, text in code().items())


def is_module(name: str) -> bool:
    """Whether there is a module of that name, or one with such a name at its top."""
    parts = name.split(".")
    for end in range(len(parts), 0, -1):
        path = ROOT.joinpath(*parts[:end])
        file = path.with_suffix(".py") if path.with_suffix(".py").exists() else path / "__init__.py"
        if file.exists() or path.is_dir():
            return end == len(parts) or (file.exists() and parts[end] in _tops(file))
    return False


def _tops(file: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.parse(file.read_text()).body:
        found |= {alias.asname or alias.name for alias in getattr(node, "names", ())}
        found |= {node.name} if isinstance(node, ast.FunctionDef | ast.ClassDef) else set()
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        found |= {target.id for target in targets if isinstance(target, ast.Name)}
    return found


def _fields(contract: Path) -> frozenset[str]:
    models = (node for node in ast.walk(ast.parse(contract.read_text())) if isinstance(node, ast.ClassDef))
    fields = (field for model in models for field in model.body if isinstance(field, ast.AnnAssign))
    return frozenset(field.target.id for field in fields if isinstance(field.target, ast.Name))
