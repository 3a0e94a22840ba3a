"""Every point at which an act can be killed or refused, and planted faults of its protocol.

All of them with TORTURE=1 (`make torture`); otherwise a sample, the same each time. A point takes 0.1 to 1.5 s.
"""

from __future__ import annotations

import contextlib
import io
import os
import random
import shutil
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.faults import acts
from tests.faults.planted import PLANTED
from tests.faults.protocol import protocol_faults
from tests.faults.stopped import ERRNOS, KILLED_AT, STRACE, Ended, act

IS_TORTURE = os.environ.get("TORTURE") == "1"
SAMPLED_KILLS, SAMPLED_ERRNOS = 12, 8
LEAST_NOTICED = 19
pytestmark = pytest.mark.skipif(STRACE is None, reason="strace is not installed: no kill points, no refused calls")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("points") / "base"
    acts.make(root)
    return root


@pytest.fixture(scope="module")
def calm(base: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Ended, dict[str, object]]]:
    """Each act undisturbed: its calls, and the state that it ends in."""
    done = {}
    for name in acts.ACTS:
        home = copy(base, tmp_path_factory.mktemp(name))
        ended = act(name, home)
        assert (ended.code, ended.said) == (0, "")
        assert protocol_faults(name, ended.calls, home, files_in(base, home)) == []
        assert acts.faults_of(home) == []
        done[name] = (ended, acts.state_of(home))
    return done


def copy(base: Path, place: Path) -> Path:
    shutil.copytree(base, place / "home")
    return place / "home"


def files_in(base: Path, home: Path) -> set[str]:
    return {str(home / file.relative_to(base)) for file in base.rglob("*") if file.is_file()}


@cache
def _sampler() -> random.Random:
    return random.Random(20261129)  # noqa: S311 - which points are tried, and always the same


def sample(points: list[tuple[str, str]], size: int) -> list[tuple[str, str]]:
    return points if IS_TORTURE else _sampler().sample(points, min(size, len(points)))


def kill_points(calm: dict[str, tuple[Ended, dict[str, object]]]) -> list[tuple[str, str]]:
    return [
        (name, f"{call}:signal=SIGKILL:when={number}")
        for name, (ended, _) in calm.items()
        for call in KILLED_AT
        for number in range(1, ended.counts()[call] + 1)
    ]


def refused_calls(calm: dict[str, tuple[Ended, dict[str, object]]]) -> list[tuple[str, str]]:
    return [
        (name, f"{call}:error={error}:when={number}")
        for name, (ended, _) in calm.items()
        for error, calls in ERRNOS.items()
        for call in calls
        for number in in_the_home(ended, call)
    ]


def in_the_home(ended: Ended, call: str) -> list[int]:
    """Which of the calls are about its files, and not about a library or the time zone."""
    lines = [line for line in ended.calls if f" {call}(" in line]
    return [number for number, line in enumerate(lines, start=1) if "/home/" in line or "/backup-" in line]


def finish(name: str, home: Path) -> dict[str, object]:
    """The same act once more, undisturbed."""
    with contextlib.redirect_stdout(io.StringIO()):
        acts.ACTS[name](home)
    return acts.state_of(home)


@contextlib.contextmanager
def place(tmp_path: Path, number: int) -> Iterator[Path]:
    folder = tmp_path / str(number)
    folder.mkdir()
    yield folder
    shutil.rmtree(folder)


def after_a_kill(name: str, point: str, base: Path, folder: Path, calm_state: dict[str, object]) -> list[str]:
    home = copy(base, folder)
    ended = act(name, home, point)
    wrong = [] if ended.code in (-9, 0) else [f"it ended with {ended.code}: {ended.said[-200:]}"]
    wrong += acts.faults_of(home)
    return wrong or _finished(name, home, calm_state)


def after_a_refusal(name: str, point: str, base: Path, folder: Path, calm_state: dict[str, object]) -> list[str]:
    home = copy(base, folder)
    ended = act(name, home, point)
    wrong = [] if ended.code in (0, 1) else [f"it ended with {ended.code}: {ended.said[-300:]}"]
    wrong += acts.faults_of(home)
    return wrong or _finished(name, home, calm_state)


def _finished(name: str, home: Path, calm_state: dict[str, object]) -> list[str]:
    state = finish(name, home)
    return [f"{key}: {state.get(key)} is not {value}" for key, value in calm_state.items() if state.get(key) != value]


@pytest.mark.parametrize(("points", "most", "after"), [
    pytest.param(kill_points, SAMPLED_KILLS, after_a_kill, id="killed"),
    pytest.param(refused_calls, SAMPLED_ERRNOS, after_a_refusal, id="refused"),
])  # fmt: skip
def test_stopped_anywhere_nothing_is_lost_or_half_done_and_it_can_be_done_again(
    calm: dict[str, tuple[Ended, dict[str, object]]], base: Path, tmp_path: Path,
    points: Callable[..., Any], most: int, after: Callable[..., list[str]],
) -> None:  # fmt: skip
    wrong = {}
    for number, (name, point) in enumerate(sample(points(calm), most)):
        with place(tmp_path, number) as folder:
            faults = after(name, point, base, folder, calm[name][1])
        if faults:
            wrong[f"{name} {point}"] = faults
    assert wrong == {}


def noticed(plant: str, base: Path, folder: Path, calm_state: dict[str, object]) -> str | None:
    """By what a planted fault shows; None where it does not."""
    name = PLANTED[plant].act
    home = copy(base, folder)
    ended = act(name, home, plant=plant)
    if ended.code != 0:
        return f"it ended with {ended.code}"
    for faults in (protocol_faults(name, ended.calls, home, files_in(base, home)), acts.faults_of(home)):
        if faults:
            return faults[0]
    state = acts.state_of(home)
    differing = [key for key in calm_state if state.get(key) != calm_state[key]]
    if differing:
        return f"{differing[0]} is another"
    if name == "outbox":
        return _half_done(plant, base, folder, ended)
    return None


def _half_done(plant: str, base: Path, folder: Path, calm: Ended) -> str | None:
    """Killed at each commit: an approval is on record with all of its messages, or not at all."""
    for number in range(1, calm.counts()["fdatasync"] + 1):
        with place(folder, number) as inner:
            home = copy(base, inner)
            act("outbox", home, f"fdatasync:signal=SIGKILL:when={number}", plant)
            state = acts.state_of(home)
            states = [row[6] for row in state["outbox"]]  # type: ignore[attr-defined]
            if state["approvals"] and "planned" in states:
                return f"approved, and {states.count('planned')} messages are not"
    return None


def test_planted_faults_of_the_protocol_are_noticed(
    calm: dict[str, tuple[Ended, dict[str, object]]], base: Path, tmp_path: Path
) -> None:
    seen = {}
    for number, plant in enumerate(PLANTED):
        with place(tmp_path, number) as folder:
            seen[plant] = noticed(plant, base, folder, calm[PLANTED[plant].act][1])
    assert len(seen) == LEAST_NOTICED + 1
    missed = [plant for plant, by in seen.items() if by is None]
    assert len(seen) - len(missed) >= LEAST_NOTICED, missed
