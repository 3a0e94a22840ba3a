from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from churn_assets.instance.promotions import GATE, NoSuchModel, PromotionRow, Promotions
from churn_assets.instance.record.store import Record

FIRST = date(2026, 11, 2)
ROW = PromotionRow(FIRST, FIRST, "v1", "inactivity", "first", "no champion", GATE, datetime(2026, 11, 2))
WEEK = timedelta(weeks=1)


def at(snapshot: date, champion: date, decision: str = "kept", by: str = GATE) -> PromotionRow:
    return replace(ROW, snapshot=snapshot, champion_snapshot=champion, decision=decision, decided_by=by)


@pytest.fixture
def promotions(tmp_path: Path) -> Promotions:
    return Promotions(Record(tmp_path / "record.sqlite"))


def test_a_row_comes_back_as_it_was_written(promotions: Promotions) -> None:
    promotions.add(ROW)
    assert promotions.rows() == [ROW]


def test_the_same_decision_again_is_not_written_twice_and_another_one_is(promotions: Promotions) -> None:
    promotions.add(ROW)
    promotions.add(ROW)
    other = replace(ROW, model_version="v2")
    promotions.add(other)
    assert promotions.rows() == [ROW, other]


def test_a_snapshot_sees_what_was_decided_before_it_only(promotions: Promotions) -> None:
    for row in (at(FIRST + 2 * WEEK, FIRST + 2 * WEEK), at(FIRST, FIRST), at(FIRST + WEEK, FIRST)):
        promotions.add(row)
    assert promotions.before(FIRST) is None
    assert promotions.before(FIRST + WEEK) == at(FIRST, FIRST)
    assert promotions.before(FIRST + 2 * WEEK) == at(FIRST + WEEK, FIRST)
    assert promotions.before(FIRST + 3 * WEEK) == at(FIRST + 2 * WEEK, FIRST + 2 * WEEK)


def test_a_person_decides_for_the_snapshot_itself_until_the_gate_has_recorded_it(promotions: Promotions) -> None:
    promotions.add(at(FIRST, FIRST))
    act = at(FIRST + WEEK, FIRST, "promote", by="ada")
    promotions.add(act)
    assert promotions.before(FIRST + WEEK) == act
    promotions.add(at(FIRST + WEEK, FIRST, "by_person"))
    assert promotions.before(FIRST + WEEK) == act, "rebuilt, it is decided in the same way again"
    assert promotions.before(FIRST + 2 * WEEK) == at(FIRST + WEEK, FIRST, "by_person"), "then the gate decides again"


def test_without_any_champion_there_is_nothing_to_roll_back_to(promotions: Promotions) -> None:
    with pytest.raises(NoSuchModel, match="nothing to roll back to"):
        promotions.predecessor()


def test_rolling_back_goes_to_the_champion_before_and_never_round_in_circles(promotions: Promotions) -> None:
    for weeks in range(3):
        promotions.add(at(FIRST + weeks * WEEK, FIRST + weeks * WEEK, "promoted"))
    assert promotions.predecessor().champion_snapshot == FIRST + WEEK
    promotions.add(at(FIRST + 3 * WEEK, FIRST + WEEK, "rollback", by="ada"))
    assert promotions.predecessor().champion_snapshot == FIRST
    promotions.add(at(FIRST + 4 * WEEK, FIRST, "rollback", by="ada"))
    with pytest.raises(NoSuchModel, match="nothing to roll back to"):
        promotions.predecessor()
