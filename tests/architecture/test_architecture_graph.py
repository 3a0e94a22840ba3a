"""The asset graph: its direction, its names, and a picture of it that a change of lineage has to change."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import dagster as dg
import pytest
from syrupy.assertion import SnapshotAssertion

from churn_assets.defs.partitions import CALENDAR
from churn_assets.stages import ORDER

# dbt puts the arguments of a test into its name, after two underscores.
NAME = re.compile(r"[a-z][a-z0-9]*(__?[a-z0-9]+)*")

# The portrait of a user is published where people look for users, among the marts, and says what the scores say.
# Nothing is made of it, so no circle can follow.
BACKWARD = {
    ("features/user_features", "marts/dim_user_profiles"),
    ("features/user_statuses", "marts/dim_user_profiles"),
    ("scoring/scored_users", "marts/dim_user_profiles"),
}


def edges(graph: dg.AssetGraph) -> list[tuple[dg.AssetKey, dg.AssetKey]]:
    """(upstream, downstream)."""
    return sorted((parent, key) for key in graph.get_all_asset_keys() for parent in graph.get(key).parent_keys)


def test_every_key_is_a_stage_and_a_table(graph: dg.AssetGraph) -> None:
    wrong = [key for key in graph.get_all_asset_keys() if len(key.path) != 2 or key.path[0] not in ORDER]
    assert wrong == []
    assert {key.path[0] for key in graph.get_all_asset_keys()} == set(ORDER), "every stage has assets"


def test_every_asset_is_in_the_group_of_its_stage(graph: dg.AssetGraph) -> None:
    assert {key: node.group_name for key, node in graph_nodes(graph).items() if node.group_name != key.path[0]} == {}


def graph_nodes(graph: dg.AssetGraph) -> dict[dg.AssetKey, dg.AssetNode]:
    return {key: graph.get(key) for key in sorted(graph.get_all_asset_keys())}


def test_edges_go_forward_in_stage_order(graph: dg.AssetGraph) -> None:
    position = {stage: number for number, stage in enumerate(ORDER)}
    backward = [(up, down) for up, down in edges(graph) if position[up.path[0]] > position[down.path[0]]]
    assert {(up.to_user_string(), down.to_user_string()) for up, down in backward} == BACKWARD
    readers = [down.to_user_string() for up, down in edges(graph) if up.to_user_string() == "marts/dim_user_profiles"]
    assert readers == ["monitoring/risk_alerts", "monitoring/snapshot_report"], "portraits are for people"


def test_every_partitioned_asset_has_the_one_calendar(graph: dg.AssetGraph) -> None:
    others = [key for key, node in graph_nodes(graph).items() if node.partitions_def not in (None, CALENDAR.partitions)]
    assert others == []
    without = {key.path[0] for key, node in graph_nodes(graph).items() if node.partitions_def is None}
    assert without == {"raw"}, "files that others deliver"


def test_assets_look_back_only_through_the_named_offsets_of_the_calendar(graph: dg.AssetGraph) -> None:
    """Any mapping but the default one ends at the snapshot itself or before: it looks back, never ahead."""
    offsets = {}
    for up, down in edges(graph):
        mapping = graph.get(down).partition_mappings.get(up)
        if mapping is not None:
            assert isinstance(mapping, dg.TimeWindowPartitionMapping), (up, down)
            offsets[up.to_user_string(), down.to_user_string()] = (mapping.start_offset, mapping.end_offset)
    assert offsets
    assert {edge: ends for edge, ends in offsets.items() if ends[1] > 0} == {}
    matured, before, until = offsets["features/churn_labels", "training/training_set"], (-520, -1), (-520, 0)
    assert matured[1] < 0
    assert set(offsets.values()) == {matured, before, until}


def test_names_are_words_in_snake_case(graph: dg.AssetGraph) -> None:
    names = {key.path[-1] for key in graph.get_all_asset_keys()} | {check.name for check in graph.asset_check_keys}
    assert sorted(name for name in names if not NAME.fullmatch(name.strip("_"))) == []


def test_jobs_schedules_and_sensors_are_off_until_switched_on(definitions: dg.Definitions) -> None:
    repository = definitions.get_repository_def()
    schedules = {each.name: each.default_status for each in repository.schedule_defs}
    sensors = {each.name: each.default_status for each in repository.sensor_defs}
    assert set(schedules.values()) == {dg.DefaultScheduleStatus.STOPPED}
    telling = {name for name in sensors if "alerts" in name}  # on: without receivers they tell nobody
    assert {name for name, status in sensors.items() if status == dg.DefaultSensorStatus.RUNNING} == telling


def test_the_graph_is_as_it_was(definitions: dg.Definitions, graph: dg.AssetGraph, snapshot: SnapshotAssertion) -> None:
    """A change of lineage shows here as a diff; when it is meant: `pytest tests/architecture --snapshot-update`."""
    repository = definitions.get_repository_def()
    assets = {
        key.to_user_string(): {
            "group": node.group_name,
            "kinds": sorted(node.kinds),
            "deps": sorted(parent.to_user_string() for parent in node.parent_keys),
            "checks": sorted(check.name for check in node.check_keys),
        }
        for key, node in graph_nodes(graph).items()
    }
    automation = {
        "jobs": sorted(job.name for job in repository.get_all_jobs() if not job.name.startswith("__")),
        "schedules": {schedule.name: schedule.cron_schedule for schedule in repository.schedule_defs},
        "sensors": sorted(sensor.name for sensor in repository.sensor_defs),
    }
    assert {"assets": assets, "automation": automation} == snapshot


def test_dg_check_defs_passes(root: Path, tmp_path: Path, environment_of: Callable[..., Mapping[str, str]]) -> None:
    dg_executable = str(Path(sys.executable).with_name("dg"))
    environment = {name: value for name, value in environment_of(tmp_path).items() if name != "DAGSTER_HOME"}
    done = subprocess.run(
        [dg_executable, "check", "defs"], cwd=root, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", ["snapshot_job"])
def test_the_job_covers_everything_that_is_made(definitions: dg.Definitions, graph: dg.AssetGraph, name: str) -> None:
    job = definitions.get_repository_def().get_job(name)
    made = {key for key in graph.get_all_asset_keys() if graph.get(key).is_executable}
    sent = {dg.AssetKey(["interventions", "dispatches"])}  # nothing that writes to people runs with a job
    assert job.asset_layer.selected_asset_keys == made - sent
