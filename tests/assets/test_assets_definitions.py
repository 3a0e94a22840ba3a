"""What holds for every asset of the graph, and that no contract or suite is written without being checked."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest

from churn_assets import contracts
from churn_assets.definitions import defs
from churn_assets.defs.partitions import CALENDAR
from churn_assets.defs.snapshot_assets import CONTRACT_CHECK
from churn_assets.stages import ORDER, Stage

SUITES = Path(__file__).parents[2] / "expectations"
SHARED_CONTRACTS = {
    "counted",
    "extra",
    "interval",
    "__init__",
    "blanks",
    "channels",
    "described",
    "drawn",
    "definitions",
    "feature",
    "raw",
    "treatment",
}  # not of a table
# Made by commands outside the graph, which validate them.
BY_COMMAND = {"model_bakeoffs", "model_tunings", "feature_selections"}


@pytest.fixture(scope="module")
def repository() -> dg.RepositoryDefinition:
    return defs().get_repository_def()


@pytest.fixture(scope="module")
def graph(repository: dg.RepositoryDefinition) -> dg.AssetGraph:
    return repository.asset_graph


def test_every_asset_says_what_it_is_and_whose(graph: dg.AssetGraph) -> None:
    for key in graph.get_all_asset_keys():
        node = graph.get(key)
        assert len(key.path) == 2, key
        assert node.owners, key
        assert node.kinds, key
        assert len(node.description or "") > 15, key


def test_every_stage_has_assets(graph: dg.AssetGraph) -> None:
    assert {key.path[0] for key in graph.get_all_asset_keys()} == set(ORDER)


def test_one_calendar_partitions_all_that_is_made(graph: dg.AssetGraph) -> None:
    for key in graph.materializable_asset_keys:
        assert graph.get(key).partitions_def == CALENDAR.partitions, key


def test_the_job_makes_everything(repository: dg.RepositoryDefinition, graph: dg.AssetGraph) -> None:
    job = repository.get_job("snapshot_job")
    sent = {dg.AssetKey(["interventions", "dispatches"])}
    assert job.asset_layer.selected_asset_keys == graph.materializable_asset_keys - sent
    assert job.partitions_def == CALENDAR.partitions


def test_every_contract_is_a_blocking_check(graph: dg.AssetGraph) -> None:
    modules = {file.stem for file in Path(contracts.__path__[0]).glob("*.py")} - SHARED_CONTRACTS - BY_COMMAND
    checked = {key.asset_key.path[1] for key in graph.asset_check_keys if key.name == CONTRACT_CHECK}
    assert checked == modules
    for key in graph.asset_check_keys:
        if key.name == CONTRACT_CHECK:
            assert graph.get(key).blocking, key


def test_every_suite_is_a_check(graph: dg.AssetGraph) -> None:
    checked = {key.asset_key.path[1] for key in graph.asset_check_keys if key.name == "expectations_hold"}
    assert checked == {file.stem for file in SUITES.glob("*.json")}


def test_every_check_says_what_it_checks(graph: dg.AssetGraph) -> None:
    silent = [key.name for key in graph.asset_check_keys if not graph.get_check_spec(key).description]
    assert silent == []


def test_whatever_holds_rows_is_checked(graph: dg.AssetGraph) -> None:
    """The models by comparison and calibration; a call list is a plan, a report has no rows."""
    checked = {key.asset_key for key in graph.asset_check_keys}
    unchecked = {key.to_user_string() for key in graph.materializable_asset_keys - checked}
    assert unchecked == {
        "monitoring/snapshot_report",
        "training/churn_model",
        "training/champion_model",
        "training/spend_model",
        "interventions/call_list",
        "interventions/dispatches",
    }


def test_promises_are_blocking_checks(graph: dg.AssetGraph) -> None:
    promises = {
        (Stage.STAGING, "stg_orders"): {"newest_rows_have_arrived"},
        (Stage.STAGING, "stg_events"): {"newest_rows_have_arrived"},
        (Stage.FEATURES, "user_features"): {"no_feature_looks_ahead"},
        (Stage.TRAINING, "training_set"): {"labels_had_matured"},
        (Stage.INTERVENTIONS, "decision_ledger"): {"budget_is_kept", "consent_is_respected", "holdout_is_untouched"},
        (Stage.INTERVENTIONS, "outbox"): {"messages_have_consent"},
    }
    for asset, names in promises.items():
        blocking = {c.name for c in graph.asset_check_keys if c.asset_key.path == list(asset) and graph.get(c).blocking}
        assert names <= blocking, asset
