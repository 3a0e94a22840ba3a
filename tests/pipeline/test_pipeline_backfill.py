"""Three weeks in one Dagster run say the same as three runs, and one seed makes one shop and one result."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.pipeline.conftest import Base, Instance


@pytest.fixture(scope="module")
def simulated(
    tmp_path_factory: pytest.TempPathFactory, new_instance: Callable[..., Instance], simulate: tuple[str, ...]
) -> Instance:
    """A second home, filled by the same command."""
    instance = new_instance(tmp_path_factory.mktemp("backfill") / "home")
    instance.succeed(*simulate)
    return instance


@pytest.fixture(scope="module")
def backfilled(base: Base, simulated: Instance) -> Instance:
    first, *_, last = sorted(base.outputs)
    simulated.succeed("backfill", "--from", str(first), "--to", str(last))
    return simulated


def digests(folder: Path) -> dict[str, str]:
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    return {str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def test_the_same_seed_makes_the_same_bytes(base: Base, simulated: Instance) -> None:
    assert digests(simulated.landing) == digests(base.final.landing)


def test_a_backfill_is_one_run(backfilled: Instance) -> None:
    assert backfilled.runs() == ["SUCCESS"], "the history, and all three weeks"


@pytest.mark.parametrize(
    "table",
    [
        "features.user_features",
        "features.churn_labels",
        "scoring.scored_users",
        "scoring.user_reasons",
        "interventions.decision_ledger",
        "effects.experiment_readout",
        "effects.arm_effects",
        "effects.experiment_power",
    ],
)
def test_a_backfill_says_the_same_as_single_runs(base: Base, backfilled: Instance, table: str) -> None:
    for day in base.outputs:
        assert backfilled.values_of(table, day) == base.final.values_of(table, day), day


def test_published_files_are_equal_byte_by_byte(base: Base, backfilled: Instance) -> None:
    single = {key: sha256 for key, (sha256, _) in base.final.published().items()}
    assert {key: sha256 for key, (sha256, _) in backfilled.published().items()} == single


def test_the_outbox_of_a_backfill_is_the_same(base: Base, backfilled: Instance) -> None:
    outbox = "select * from interventions.outbox order by message_key"
    assert backfilled.query(outbox).equals(base.final.query(outbox))
