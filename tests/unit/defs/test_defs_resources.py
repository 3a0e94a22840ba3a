"""Whoever launches a run may configure it, and not which home it is about."""

from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.errors import DagsterInvalidConfigError

from churn_assets.defs.interventions.dispatches import dispatches
from churn_assets.defs.resources import workplace
from churn_assets.instance.home import Home
from churn_assets.workplace import Workplace

PARTITION = "2024-01-08"


@dg.asset
def probe(context: dg.AssetExecutionContext, workplace: dg.ResourceParam[Workplace]) -> dg.MaterializeResult:
    """Which home a run sees, and the lifelines that are held meanwhile."""
    locks = sorted(file.name for file in workplace.home.locks.glob("run-*.lock"))
    return dg.MaterializeResult(metadata={"home": str(workplace.home.root), "locks": locks, "run": context.run.run_id})


def run(*assets: Any, config: dict[str, Any] | None = None, **more: Any) -> dg.ExecuteInProcessResult:
    return dg.materialize(
        [*assets], resources={"workplace": workplace}, run_config=config, raise_on_error=False, **more
    )


def test_a_run_is_about_the_home_of_its_process(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHURN_HOME", str(home.root))
    (made,) = run(probe).get_asset_materialization_events()
    told = {name: value.value for name, value in made.materialization.metadata.items()}
    assert (told["home"], told["locks"]) == (str(home.root), [f"run-{told['run']}.lock"])
    assert list(home.locks.glob("run-*.lock")) == [], "and lets go of its lifeline"


@pytest.mark.parametrize(
    "config",
    [
        {"config": {"home_path": "/elsewhere"}},
        {"config": {"home": "/elsewhere"}},
        {"config": {"_lifeline": None}},
        {"home_path": "/elsewhere"},
    ],
)
def test_a_run_cannot_be_configured_to_be_about_another(config: dict[str, Any]) -> None:
    with pytest.raises(DagsterInvalidConfigError, match="unexpected config entr"):
        run(probe, config={"resources": {"workplace": config}})


def test_neither_can_a_dispatch(tmp_path: Path) -> None:
    """An approved plan of another home would be sent."""
    there = {"config": {"home_path": str(tmp_path)}}
    sent = {"interventions__dispatches": {"config": {"is_sent": True}}}
    with pytest.raises(DagsterInvalidConfigError, match='unexpected config entry "home_path"'):
        run(dispatches, config={"resources": {"workplace": there}, "ops": sent}, partition_key=PARTITION)


def test_no_resource_of_the_project_takes_configuration() -> None:
    from churn_assets.definitions import defs  # noqa: PLC0415 - loads every asset

    job = defs().get_repository_def().get_job("snapshot_job")
    own = {name: found for name, found in job.resource_defs.items() if name != "io_manager"}
    assert {name: found.config_schema.config_type.fields for name, found in own.items()} == {"workplace": {}}
