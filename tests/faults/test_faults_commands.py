"""No command ends in a traceback or hangs, whatever is wrong with its home, its disk or its neighbours.

A sample, the same each time; all pairs with TORTURE=1 (`make torture`). A pair takes 0.5 to 10 s, mostly imports.
"""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import typer

from churn_assets.backup.make import back_up
from churn_assets.command.cli import app
from churn_assets.instance.home import Home
from churn_assets.instance.twice import keep_twice
from tests.faults.commands import COMMANDS, FAULTS, run
from tests.unit.doctor.conftest import make_home

IS_TORTURE = os.environ.get("TORTURE") == "1"
SAMPLED = 12
# Seconds each, as they read the whole landing or start processes: tried in `make torture`.
LONG = {"bakeoff", "backfill", "dbt", "load", "prepare", "rebuild", "run", "serve", "simulate", "tune", "ui"}


def commands_of(command: Any, above: tuple[str, ...] = ()) -> Iterator[str]:
    children: Mapping[str, Any] = getattr(command, "commands", {})
    for name, child in children.items():
        yield from commands_of(child, (*above, name))
    if above and (not children or getattr(command, "invoke_without_command", False)):
        yield " ".join(above)


def test_every_command_is_tried() -> None:
    assert set(commands_of(typer.main.get_command(app))) == set(COMMANDS)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home as it is after some weeks, without Dagster's files, and a backup of it."""
    base = tmp_path_factory.mktemp("commands")
    home = Home(make_home(base / "home"))
    for name in ("history", "schedules"):
        shutil.rmtree(home.dagster / name)
    keep_twice(home)
    back_up(home, base / "backup")
    return base


def pairs() -> list[tuple[str, str]]:
    every = [(command, fault) for command in COMMANDS for fault in FAULTS if command != "serve"]
    if IS_TORTURE:
        return every
    short = [(command, fault) for command, fault in every if command not in LONG | {"console"}]
    return random.Random(20261129).sample(short, SAMPLED)  # noqa: S311 - which are tried


def test_whatever_is_wrong_it_is_said_in_one_line(base: Path, tmp_path: Path) -> None:
    wrong = {}
    for number, (command, fault) in enumerate(pairs()):
        place = tmp_path / str(number)
        place.mkdir()
        done = run(command, FAULTS[fault], base, place)
        if done.problem:
            wrong[f"{command}, {fault}"] = f"{done.problem}: {done.err[-600:]}"
        shutil.rmtree(place)
    assert wrong == {}


@pytest.mark.parametrize(
    ("command", "fault", "words"),
    [
        ("suppress", "a full disk", "MB are free; up to"),
        ("erase", "record.sqlite is empty", "its second copy"),
        ("why", "warehouse.duckdb is fifo", "is neither a file nor a folder (a pipe, a device): move it away"),
        ("check", "landing/orders/rows.csv is fifo", "is neither a file nor a folder"),
        ("suppress", "tombstones.jsonl is garbage", "it says who was erased"),
        ("suppress", "a home that cannot be written", "let the user who runs churn write there"),
        ("erase", "a second dispatch", "dispatch is at work"),
    ],
)
def test_the_line_says_what_and_what_to_do(base: Path, tmp_path: Path, command: str, fault: str, words: str) -> None:
    done = run(command, FAULTS[fault], base, tmp_path)
    assert (done.problem, done.code) == (None, 1)
    assert words in done.err + done.out
