"""dbt in the process of the run: imported once, its project parsed once, and ended with the run, however that ends.

A dbt process of its own costs 3 to 4 s of each step before its first row (imports 1.6 s, parsed project 1 s,
configuration; dbt 1.11, 2 cores, 2026-11), and a run has three such steps. dbt allows several invocations in one
process one after the other (docs.getdbt.com, "Programmatic invocations"); the warehouse lock keeps them apart.

Not public in dagster-dbt 0.29: the selected models and tests as arguments of dbt, and a result of dbt as events of
Dagster. tests/assets/test_dbt_in_process.py tests both; if one is gone, `DbtCliResource(...).cli(...)`
does the same in a process of its own.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator
from dagster_dbt.asset_utils import get_updated_cli_invocation_params_for_context
from dagster_dbt.core.dbt_cli_event import DbtCoreCliEventMessage
from google.protobuf.json_format import MessageToDict

from churn_assets.failures import Failure
from churn_assets.warehouse.child import RUN_VARS
from churn_assets.warehouse.project import PROJECT, QUIET, parse_lock, prepare_manifest, target_folder

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest
    from dbt_common.events.base_types import EventMsg

INDIRECT_SELECTION = "DBT_INDIRECT_SELECTION"
RESULTS = ("LogModelResult", "LogTestResult")  # the names of dbt's events about what it has built and tested


class DbtFailed(Failure, RuntimeError, code="dbt"):
    """Messages of dbt about the models and tests that failed."""


def build(
    context: dg.AssetExecutionContext, variables: Mapping[str, Any], target: Path, *, is_rebuild: bool = False
) -> Iterator[Any]:
    """Build the selected assets of `context`. Each model and test is logged as soon as it is done, by dbt's own line
    (`7 of 31 OK created sql table model ...`); the events of assets and checks follow when dbt is done.

    Raises DbtFailed, after the events of what succeeded.
    """
    step = context.op_execution_context  # as dagster-dbt does: the attributes it reads are deprecated on `context`
    selection = get_updated_cli_invocation_params_for_context(
        context=step, manifest={}, dagster_dbt_translator=DagsterDbtTranslator()
    )
    arguments = ["build", "--exclude-resource-type", "unit_test", *selection.selection_args]
    if is_rebuild:
        arguments.append("--full-refresh")
    environment = {INDIRECT_SELECTION: selection.indirect_selection} if selection.indirect_selection else {}
    results, errors = _invoke(arguments, variables, target, environment, context.log.info)
    for result in results:
        yield from DbtCoreCliEventMessage(result, {}).to_default_asset_events(
            manifest=selection.manifest, dagster_dbt_translator=selection.dagster_dbt_translator, context=step
        )
    if errors:
        raise DbtFailed("\n\n".join(errors))


def run_models(select: str, variables: Mapping[str, Any], target: Path, log: Callable[[str], None]) -> None:
    """Build models that are no assets of the step, without their tests and without events. Raises DbtFailed.

    Of a copy of the project: dbt 1.11 compiles into it, and what has ephemeral models compiles once only.
    """
    project = _manifest().deepcopy()  # type: ignore[no-untyped-call]
    _, errors = _invoke(["run", "--select", select], variables, target, {}, log, project)
    if errors:
        raise DbtFailed("\n\n".join(errors))


def _invoke(
    arguments: Sequence[str],
    variables: Mapping[str, Any],
    target: Path,
    environment: Mapping[str, str],
    log: Callable[[str], None],
    project: Manifest | None = None,
) -> tuple[list[dict[str, Any]], list[str]]:
    """One invocation: its events about models and tests, and its error messages."""
    from dbt.cli.main import dbtRunner  # noqa: PLC0415 - 1.6 s, of runs only

    results: list[dict[str, Any]] = []
    errors: list[dict[str, Any]] = []

    def collect(event: EventMsg) -> None:
        if event.info.name in RESULTS or event.info.level == "error":
            content = MessageToDict(event, preserving_proto_field_name=True)
            (results if event.info.name in RESULTS else errors).append(content)
            log(content["info"]["msg"])

    run_environment = {**QUIET, **environment, RUN_VARS: json.dumps(dict(variables))}
    warehouse = json.dumps({"warehouse": variables["warehouse"]})
    with _environment(run_environment):
        result = dbtRunner(manifest=project or _manifest(), callbacks=[collect]).invoke(
            [*arguments, "--vars", warehouse, *_places(target)]
        )
    if result.exception is not None:
        raise result.exception
    messages = [error["info"]["msg"] for error in errors]
    return results, messages if messages or result.success else ["dbt failed without an error message"]


@cache
def _manifest() -> Manifest:
    """The parsed project; variables of a run are looked up during execution (macros/run_var.sql)."""
    from dbt.cli.main import dbtRunner  # noqa: PLC0415

    prepare_manifest()
    with parse_lock(), _environment(QUIET):
        parsed = dbtRunner().invoke(["parse", *_places(target_folder())])
    if parsed.exception is not None:
        raise parsed.exception
    manifest: Manifest = parsed.result  # type: ignore[assignment]
    return manifest


def _places(target: Path) -> list[str]:
    return [
        "--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT), "--target-path", str(target),
        "--log-path", str(target), "--log-level", "none", "--no-write-json", "--no-use-colors",
    ]  # fmt: skip


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
