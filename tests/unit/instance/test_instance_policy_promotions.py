"""Which policy makes the plans: as recorded, unless another one has been set since."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from churn_assets.instance.policy_promotions import PolicyPromotions, PolicyRow
from churn_assets.instance.record.store import Record
from churn_assets.settings import Decisions

DAY = date(2026, 11, 16)
WEEK = timedelta(days=7)


def row(day: date, policy: str, default: str = "rules", by: str = "ada") -> PolicyRow:
    return PolicyRow(day, policy, default, "promote", "proven", by, datetime(2026, 11, 17, 9))


@pytest.fixture
def promotions(tmp_path: Path) -> PolicyPromotions:
    return PolicyPromotions(Record(tmp_path / "record.sqlite"))


def test_a_decision_holds_from_its_snapshot_on(promotions: PolicyPromotions) -> None:
    promotions.add(row(DAY, "learned"))
    settings = Decisions(policy="rules")
    assert promotions.in_force(DAY - WEEK, settings).policy == "rules"
    assert promotions.in_force(DAY, settings).policy == "learned"
    assert promotions.in_force(DAY + WEEK, settings).policy == "learned"


def test_who_sets_another_policy_ends_what_was_promoted(promotions: PolicyPromotions) -> None:
    promotions.add(row(DAY, "learned"))
    assert promotions.in_force(DAY, Decisions(policy="value")).policy == "value"
    promotions.add(row(DAY + WEEK, "learned", default="value"))
    assert promotions.in_force(DAY + WEEK, Decisions(policy="value")).policy == "learned"
    assert promotions.in_force(DAY + WEEK, Decisions(policy="rules")).policy == "rules", "that was before"


def test_before_a_snapshot_a_person_counts_and_the_gate_of_that_snapshot_does_not(
    promotions: PolicyPromotions,
) -> None:
    promotions.add(row(DAY, "value", by="gate"))
    assert promotions.before(DAY, "rules") is None
    assert promotions.running_before(DAY, "rules") == "rules"
    assert promotions.running_before(DAY + WEEK, "rules") == "value"
    promotions.add(row(DAY, "learned"))
    assert promotions.running_before(DAY, "rules") == "learned"


def test_a_repeated_run_adds_nothing(promotions: PolicyPromotions) -> None:
    for _ in range(2):
        promotions.add(row(DAY, "value", by="gate"))
    assert len(promotions.rows("rules")) == 1
