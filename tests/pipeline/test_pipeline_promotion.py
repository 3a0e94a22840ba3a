"""What a snapshot that is rebuilt keeps and what it does not.

People overrule the gate: which model scores, from when, recorded with name and reason. The decisions stay as they were
sealed, but a no that was delivered late, though said before, ends its message. A warehouse that was lost comes back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.pipeline.conftest import WEEKS

if TYPE_CHECKING:
    from tests.pipeline.conftest import Base, Instance

FIRST, SECOND, LAST = "2026-11-02", "2026-11-09", "2026-11-16"


@pytest.fixture(scope="module")
def shop(base: Base, tmp_path_factory: pytest.TempPathFactory) -> Instance:
    return base.final.copy(tmp_path_factory.mktemp("promotion") / "home")


@pytest.fixture(scope="module")
def late(shop: Instance) -> str:
    """Somebody in the plan whose no of before the snapshot is delivered after it."""
    user = str(shop.query(f"select user_id from interventions.intervention_plan where snapshot_date = '{LAST}'")[0, 0])
    file = shop.landing / "consents" / "late.csv"
    file.write_text(f"user_id,channel,purpose,is_granted,changed_at\n{user},ALL,marketing,opt-out,2026-11-12\n")
    return user


def test_only_a_model_that_was_made_can_be_promoted(shop: Instance) -> None:
    done = shop.churn("promote", "2026-10-26", "--reason", "why not")
    assert done.returncode == 1
    assert "no model was trained at 2026-10-26; there are models of 2026-11-02, 2026-11-09, 2026-11-16" in done.stderr


def test_a_model_cannot_score_the_past_it_learned_from(shop: Instance) -> None:
    done = shop.churn("promote", LAST, "--from", SECOND, "--reason", "why not")
    assert done.returncode == 1
    assert f"The model of {LAST} cannot score {SECOND}" in done.stderr


def test_nothing_to_roll_back_to_is_said(shop: Instance) -> None:
    only = shop.query("select distinct champion_snapshot_date from training.model_promotions")
    if len(only) == 1:
        done = shop.churn("rollback", "--reason", "worse than before")
        assert done.returncode == 1
        assert "nothing to roll back to" in done.stderr


def test_a_promoted_model_scores_from_the_snapshot_named_and_can_be_rolled_back(shop: Instance, late: str) -> None:
    sealed = shop.values_of("interventions.decision_ledger", LAST)
    told = shop.succeed("promote", LAST, "--from", LAST, "--by", "ada", "--reason", "campaign week")
    assert f"churn backfill --from {LAST} --to {LAST}" in told, "the scores that are there are of before"
    portraits = {day: shop.values_of("marts.dim_user_profiles", day) for day in WEEKS}
    (shop.home / "warehouse.duckdb").unlink()  # lost as well: a run of its own for this would cost half a minute
    shop.succeed("run", "--snapshot", LAST)
    again = {day: shop.values_of("marts.dim_user_profiles", day) for day in WEEKS[:-1]}
    assert again == {day: portraits[day] for day in WEEKS[:-1]}, "effects by segment read them"
    row = decided(shop)
    assert (row["decision"], str(row["champion_snapshot_date"])) == ("by_person", LAST)
    assert "promote by ada" in row["reason"]
    assert "campaign week" in row["reason"]
    promoted = shop.values_of("scoring.scored_users", row["snapshot_date"])

    shop.succeed("rollback", "--from", LAST, "--by", "bob", "--reason", "complaints")
    shop.succeed("run", "--snapshot", LAST)
    row = decided(shop)
    assert str(row["champion_snapshot_date"]) == FIRST
    assert "rollback by bob" in row["reason"]
    assert shop.values_of("scoring.scored_users", row["snapshot_date"]) != promoted

    assert shop.values_of("interventions.decision_ledger", LAST) == sealed, "what was decided is a record"
    states = shop.query(
        "select user_id, snapshot_date from interventions.intervention_plan inner join "
        "interventions.outbox using (decision_id, user_id) where state = 'cancelled'"
    )
    assert [(user, str(day)) for user, day in states.rows()] == [(late, LAST)]
    listed = shop.query(f"select user_id from interventions.call_list where snapshot_date = '{LAST}'")
    assert late not in listed["user_id"]


def decided(shop: Instance) -> dict[str, object]:
    found = shop.query(f"select * from training.model_promotions where snapshot_date = '{LAST}'")
    version = shop.query(f"select distinct model_version from scoring.scored_users where snapshot_date = '{LAST}'")
    assert version["model_version"].to_list() == found["model_version"].to_list()
    return found.row(0, named=True)
