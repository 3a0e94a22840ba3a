"""dbt in the process of the run: imported once, its project parsed once, and gone with the run however that ends.

A dbt process of its own costs 3 to 4 s of each step before its first row (imports 1.6 s, parsed project 1 s,
configuration; dbt 1.11, 2 cores, 2026-11), and a run has three such steps. dbt allows several invocations in one
process one after the other (docs.getdbt.com, "Programmatic invocations"); the warehouse lock keeps them apart.

Not public in dagster-dbt 0.29: which models and tests a run has selected, as arguments of dbt, and a result of dbt as
events of Dagster. tests/assets/test_dbt_in_process.py holds both; if one is gone, `DbtCliResource(...).cli(...)`
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
from filelock import FileLock
from google.protobuf.json_format import MessageToDict

from churn_assets.failures import Failure
from churn_assets.warehouse.child import RUN_VARS
from churn_assets.warehouse.project import PROJECT, QUIET, prepare_manifest

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest
    from dbt_common.events.base_types import EventMsg

INDIRECT_SELECTION = "DBT_INDIRECT_SELECTION"
RESULTS = ("LogModelResult", "LogTestResult")  # the names of dbt's events about what it has built and tested


class DbtFailed(Failure, RuntimeError):
    """What dbt says of the models and tests that failed."""


def build(
    context: dg.AssetExecutionContext, variables: Mapping[str, Any], target: Path, *, is_rebuild: bool = False
) -> Iterator[Any]:
    """Build what the run has selected of the assets of `context`. What is done is logged as soon as it is, by dbt's own
    line (`7 of 31 OK created sql table model ...`); the events of assets and checks follow when dbt is done.

    Raises DbtFailed, after the events of what succeeded.
    """
    step = context.op_execution_context  # as dagster-dbt does: what it asks is deprecated of the other
    chosen = get_updated_cli_invocation_params_for_context(
        context=step, manifest={}, dagster_dbt_translator=DagsterDbtTranslator()
    )
    arguments = ["build", "--exclude-resource-type", "unit_test", *chosen.selection_args]
    if is_rebuild:
        arguments.append("--full-refresh")
    environment = {INDIRECT_SELECTION: chosen.indirect_selection} if chosen.indirect_selection else {}
    results, errors = _invoke(arguments, variables, target, environment, context.log.info)
    for result in results:
        yield from DbtCoreCliEventMessage(result, {}).to_default_asset_events(
            manifest=chosen.manifest, dagster_dbt_translator=chosen.dagster_dbt_translator, context=step
        )
    if errors:
        raise DbtFailed("\n\n".join(errors))


def _invoke(
    arguments: Sequence[str],
    variables: Mapping[str, Any],
    target: Path,
    environment: Mapping[str, str],
    log: Callable[[str], None],
) -> tuple[list[dict[str, Any]], list[str]]:
    """One invocation: its events about models and tests, and what it says of errors."""
    from dbt.cli.main import dbtRunner  # noqa: PLC0415 - 1.6 s, of runs only

    results: list[dict[str, Any]] = []
    errors: list[dict[str, Any]] = []

    def hear(event: EventMsg) -> None:
        if event.info.name in RESULTS or event.info.level == "error":
            told = MessageToDict(event, preserving_proto_field_name=True)
            (results if event.info.name in RESULTS else errors).append(told)
            log(told["info"]["msg"])

    environment_told = {**QUIET, **environment, RUN_VARS: json.dumps(dict(variables))}
    warehouse = json.dumps({"warehouse": variables["warehouse"]})
    with _environment(environment_told):
        result = dbtRunner(manifest=_manifest(), callbacks=[hear]).invoke(
            [*arguments, "--vars", warehouse, *_places(target)]
        )
    if result.exception is not None:
        raise result.exception
    said = [error["info"]["msg"] for error in errors]
    return results, said if said or result.success else ["dbt failed and does not say why"]


@cache
def _manifest() -> Manifest:
    """The project as dbt has parsed it; what a run is about is looked up while it executes (macros/run_var.sql)."""
    from dbt.cli.main import dbtRunner  # noqa: PLC0415

    prepare_manifest()
    with FileLock(PROJECT / ".parse.lock"), _environment(QUIET):  # what is parsed is kept beside it, for all processes
        parsed = dbtRunner().invoke(["parse", *_places(PROJECT / "target")])
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
def _environment(told: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in told}
    os.environ.update(told)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
