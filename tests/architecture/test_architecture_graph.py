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

# Published in one stage and made in another: in the UI they stand where they are made, so that the collapsed groups
# have an order. The portrait of a user says what the scores say; what a plan knows of effects is made with the plan.
MADE_ELSEWHERE = {
    "marts/dim_user_profiles": "scoring",
    "effects/user_effects": "interventions",
    "effects/uplift_comparison": "interventions",
    "effects/uplift_curves": "interventions",
}


def edges(graph: dg.AssetGraph) -> list[tuple[dg.AssetKey, dg.AssetKey]]:
    """(upstream, downstream)."""
    return sorted((parent, key) for key in graph.get_all_asset_keys() for parent in graph.get(key).parent_keys)


def test_every_key_is_a_stage_and_a_table(graph: dg.AssetGraph) -> None:
    wrong = [key for key in graph.get_all_asset_keys() if len(key.path) != 2 or key.path[0] not in ORDER]
    assert wrong == []
    assert {key.path[0] for key in graph.get_all_asset_keys()} == set(ORDER), "every stage has assets"


def test_every_asset_is_in_the_group_of_its_stage(graph: dg.AssetGraph) -> None:
    others = {key: node.group_name for key, node in graph_nodes(graph).items() if node.group_name != key.path[0]}
    assert {key.to_user_string(): group for key, group in others.items()} == MADE_ELSEWHERE


def graph_nodes(graph: dg.AssetGraph) -> dict[dg.AssetKey, dg.AssetNode]:
    return {key: graph.get(key) for key in sorted(graph.get_all_asset_keys())}


def test_edges_go_forward_in_the_order_of_stages_so_that_collapsed_groups_make_no_circle(graph: dg.AssetGraph) -> None:
    """Between groups, as the UI draws them collapsed: raw first, monitoring last, no edge back."""
    position = {stage: number for number, stage in enumerate(ORDER)}
    backward = [
        (up.to_user_string(), down.to_user_string())
        for up, down in edges(graph)
        if position[graph.get(up).group_name] > position[graph.get(down).group_name]
    ]
    assert backward == []
    readers = [(up, down) for up, down in edges(graph) if up.to_user_string() == "marts/dim_user_profiles"]
    earlier = [(up, down) for up, down in readers if graph.get(down).partition_mappings.get(up) is not None]
    now = [down.to_user_string() for up, down in readers if (up, down) not in earlier]
    assert now == ["monitoring/risk_alerts", "monitoring/snapshot_report"], "portraits are for people"
    # Effects are split by the segments of earlier snapshots, never of their own.
    assert {down.path[0] for _, down in earlier} == {"effects"}
    assert {graph.get(down).partition_mappings[up].end_offset for up, down in earlier} == {-1}


def test_tables_made_by_one_function_are_joined_as_they_are_in_truth(graph: dg.AssetGraph) -> None:
    joined = {(up.to_user_string(), down.to_user_string()) for up, down in edges(graph)}
    assert {
        ("training/churn_model", "training/champion_model"),
        ("training/model_promotions", "training/champion_model"),
        ("training/model_comparison", "training/model_promotions"),
        ("training/spend_model", "training/warned_churners"),
        ("effects/user_effects", "interventions/decision_ledger"),
        ("effects/user_effects", "interventions/stopped_arms"),
    } <= joined
    assert ("training/training_set", "training/champion_model") not in joined, "it is one of the models, and no other"
    assert ("training/spend_model", "training/churn_model") not in joined


def test_tables_of_one_function_come_after_those_they_are_made_of(definitions: dg.Definitions) -> None:
    """Dagster takes them in no other order, and says so only when a run has made them."""
    made = {id(each): each for each in definitions.get_repository_def().assets_defs_by_key.values()}.values()
    several = [each.keys_by_output_name for each in made if len(each.keys) > 1 and not each.can_subset]
    assert any(dg.AssetKey(["training", "champion_model"]) in keys.values() for keys in several)
    graph = definitions.get_repository_def().asset_graph
    wrong = []
    for keys in several:
        order = list(keys.values())
        wrong += [
            (up, down)
            for place, down in enumerate(order)
            for up in graph.get(down).parent_keys
            if up in order[place:]
        ]  # fmt: skip
    assert wrong == []


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
