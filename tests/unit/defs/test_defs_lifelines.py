"""A run whose process was killed is found and marked as failed; one that lives is left alone."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.test_utils import create_run_for_test

from churn_assets.defs.lifelines import Lifeline, sweep_dead_runs
from churn_assets.instance import run_locks

HOLD = "import sys, time; from pathlib import Path; from churn_assets.defs.lifelines import Lifeline; "
HOLD += "held = Lifeline.hold(Path(sys.argv[1]), sys.argv[2]); print('held', flush=True); time.sleep(60)"
Holder = Callable[[str], subprocess.Popen[str]]


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as found:
        yield found


@pytest.fixture
def hold(tmp_path: Path) -> Iterator[Holder]:
    """Start a process that holds the lifeline of a run; killed at the end at the latest."""
    started: list[subprocess.Popen[str]] = []

    def start(run_id: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", HOLD, str(tmp_path), run_id], stdout=subprocess.PIPE, text=True
        )
        started.append(process)
        assert process.stdout
        assert process.stdout.readline() == "held\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def started_run(instance: dg.DagsterInstance) -> str:
    return str(create_run_for_test(instance, job_name="snapshot_job", status=dg.DagsterRunStatus.STARTED).run_id)


def status(instance: dg.DagsterInstance, run_id: str) -> dg.DagsterRunStatus:
    run = instance.get_run_by_id(run_id)
    assert run
    return run.status


def test_a_killed_run_is_swept_with_one_line_and_a_living_one_is_not(
    instance: dg.DagsterInstance, hold: Holder, tmp_path: Path
) -> None:
    living, dead = started_run(instance), started_run(instance)
    hold(living)
    process = hold(dead)
    assert sweep_dead_runs(instance, tmp_path) == [], "both hold their lock"
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert sweep_dead_runs(instance, tmp_path) == [
        f"Run {dead[:8]} of snapshot_job died without a word; marked as failed."
    ]
    assert status(instance, dead) == dg.DagsterRunStatus.FAILURE
    assert status(instance, living) == dg.DagsterRunStatus.STARTED
    assert sweep_dead_runs(instance, tmp_path) == [], "told once"
    assert [file.name for file in tmp_path.glob("run-*")] == [f"run-{living}.lock"]


def test_a_run_that_never_reached_its_lock_gets_a_minute(
    instance: dg.DagsterInstance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = create_run_for_test(instance, job_name="snapshot_job")
    instance.report_dagster_event(dg.DagsterEvent("PIPELINE_START", run.job_name), run.run_id)
    assert status(instance, run.run_id) == dg.DagsterRunStatus.STARTED
    assert sweep_dead_runs(instance, tmp_path) == []
    monkeypatch.setattr(run_locks, "GRACE_SECONDS", -1)
    assert len(sweep_dead_runs(instance, tmp_path)) == 1


def test_a_finished_run_is_nobodys_business(instance: dg.DagsterInstance, tmp_path: Path) -> None:
    run = create_run_for_test(instance, job_name="snapshot_job", status=dg.DagsterRunStatus.SUCCESS)
    assert sweep_dead_runs(instance, tmp_path) == []
    assert status(instance, run.run_id) == dg.DagsterRunStatus.SUCCESS


def test_a_released_lifeline_leaves_no_file(tmp_path: Path) -> None:
    Lifeline.hold(tmp_path, "run").release()
    assert list(tmp_path.glob("run-*")) == []
