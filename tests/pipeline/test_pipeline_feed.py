"""A dead export stops the run before the marts consume it; delivered, the same snapshot is as if nothing had been."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.pipeline.conftest import Base, Instance

CONSUMED = "select max(snapshot_date) as day from marts.dim_snapshots"


@pytest.fixture(scope="module")
def held_back(base: Base, tmp_path_factory: pytest.TempPathFactory) -> tuple[Instance, Path]:
    """The base instance before its last week, of which no order has arrived, and the file in which they are."""
    before = sorted(base.outputs)[-2]
    instance = base.after[before].copy(tmp_path_factory.mktemp("feed") / "home")
    file = max((instance.landing / "orders").iterdir())
    return instance, file.rename(instance.home / file.name)


def test_a_dead_export_stops_the_run_before_the_marts(base: Base, held_back: tuple[Instance, Path]) -> None:
    instance, _ = held_back
    *_, before, last = sorted(base.outputs)
    published = instance.published()
    done = instance.churn("run", "--snapshot", str(last))

    assert done.returncode == 1
    assert "Traceback" not in done.stdout + done.stderr
    assert f"orders has 0 rows from {before} to 2026-11-15 where about" in done.stdout.replace("\n", " ")
    assert f"landing.closed_dates: [{{from: {before}, to: 2026-11-15}}]" in done.stdout
    assert instance.query(CONSUMED)["day"].to_list() == [before], "the marts have not consumed the week"
    assert instance.published() == published, "nothing was scored, and no plan was made"


def test_delivered_after_all_the_snapshot_is_what_it_would_have_been(
    base: Base, held_back: tuple[Instance, Path]
) -> None:
    instance, file = held_back
    last = max(base.outputs)
    file.rename(instance.landing / "orders" / file.name)
    instance.succeed("run", "--snapshot", str(last))

    for table in ("features.user_features", "scoring.scored_users", "interventions.decision_ledger"):
        assert instance.values_of(table, last) == base.final.values_of(table, last)
