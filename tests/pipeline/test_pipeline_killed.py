"""A run that is killed leaves nothing that the next one cannot deal with.

One home, killed three times at the same snapshot, each time further on, by SIGKILL to the command alone, as the kernel
does when memory runs out; dbt dies with it (tests/faults). Then the snapshot is made in peace.
"""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from datetime import date
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.pipeline.conftest import Base, Instance

BEFORE, SNAPSHOT = date(2026, 11, 9), date(2026, 11, 16)
DEAD = "died without a word; marked as failed."
RUN = ("run", "--snapshot", str(SNAPSHOT), "--debug")  # which names each step


def seconds_after(line: str, seconds: float) -> Callable[[str], bool]:
    """So many seconds after `line` has been told: what exactly is being done then depends on the machine."""
    told_at: list[float] = []

    def is_time(told: str) -> bool:
        if line in told and not told_at:
            told_at.append(time.monotonic())
        return bool(told_at) and time.monotonic() - told_at[0] >= seconds

    return is_time


@pytest.fixture(scope="module")
def instance(base: Base, tmp_path_factory: pytest.TempPathFactory) -> Instance:
    return base.after[BEFORE].copy(tmp_path_factory.mktemp("killed") / "home")


@pytest.fixture(scope="module")
def told(instance: Instance) -> list[str]:
    """What each run told: killed while dbt runs, in training, while decisions are published, and not at all."""
    decisions = instance.home / "tables" / "interventions" / "decision_ledger" / f"snapshot_date={SNAPSHOT}"
    return [
        instance.kill(*RUN, when=seconds_after(f"Snapshot {SNAPSHOT}", 6)),
        instance.kill(*RUN, when=seconds_after("s  training_set", 0.3)),
        instance.kill(*RUN, when=lambda _: decisions.exists()),
        instance.succeed(*RUN),
    ]


def test_each_next_run_clears_away_the_dead_one_and_says_so_once(told: list[str]) -> None:
    assert [each.count(DEAD) for each in told] == [0, 1, 1, 1], "\n".join(told)


def test_no_killed_run_is_left_running(instance: Instance, told: list[str]) -> None:
    assert instance.runs()[-4:] == ["FAILURE", "FAILURE", "FAILURE", "SUCCESS"]
    assert list((instance.home / "locks").glob("run-*.lock")) == []


@pytest.mark.parametrize(
    "table",
    ["features.user_features", "features.churn_labels", "scoring.scored_users", "interventions.decision_ledger"],
)
def test_the_result_is_that_of_a_run_in_peace(base: Base, instance: Instance, told: list[str], table: str) -> None:
    for day in base.outputs:
        assert instance.values_of(table, day) == base.final.values_of(table, day), day


def test_nobody_gets_two_messages(base: Base, instance: Instance, told: list[str]) -> None:
    keys = "select message_key from interventions.outbox order by message_key"
    assert instance.query(keys).equals(base.final.query(keys))


def test_only_files_that_the_manifest_lists_are_left(instance: Instance, told: list[str]) -> None:
    with closing(sqlite3.connect(instance.home / "record.sqlite")) as connection:
        listed = {path for (path,) in connection.execute("select path from manifest")}
    tables = instance.home / "tables"
    assert {str(file.relative_to(tables)) for file in tables.rglob("*") if file.is_file()} == listed
