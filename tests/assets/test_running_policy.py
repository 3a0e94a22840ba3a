"""Which policy makes the plan: by the gate where it may, by people who are refused without proof, and back again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest

from churn_assets.command.policies import NotPromoted, promote_policy, rollback_policy
from churn_assets.contracts.policy_promotions import PolicyPromotions as Contract
from churn_assets.defs.interventions import running
from churn_assets.defs.snapshot_assets import Snapshot
from churn_assets.effects.policy_gate import Beyond, Evidence
from churn_assets.instance.home import Home
from churn_assets.instance.policy_promotions import PolicyPromotions
from churn_assets.stages import Stage
from churn_assets.workplace import Workplace

DAY, WEEK = date(2026, 11, 16), timedelta(days=7)
Decide = Callable[..., tuple[str, dict[str, dict[str, Any]]]]


def proven(policy: str, low: float = 0.1) -> Evidence:
    beyond = Beyond(low + 0.1, low)
    return Evidence(policy, "may be promoted", "it earns more", 900, 400.0, beyond, "coupon", 0.4, beyond)


def unproven(policy: str) -> Evidence:
    return Evidence(policy, "not proven", f"{policy} is not proven to earn more", 900, 400.0, Beyond(0.1, -0.1),
                    "coupon", 0.4, Beyond(0.1, -0.2))  # fmt: skip


@pytest.fixture
def decide(workplace: Workplace, monkeypatch: pytest.MonkeyPatch) -> Decide:
    """The policy of a snapshot and its published rows, by what is said of each policy; the evidence itself is tested in
    tests/unit/effects.
    """

    def at(day: date, *evidence: Evidence, **settings: Any) -> tuple[str, dict[str, dict[str, Any]]]:
        monkeypatch.setattr(running, "policy_gate", lambda *_: {each.policy: each for each in evidence})
        monkeypatch.setattr(running, "closed_users", lambda *_: None)
        monkeypatch.setattr(running, "random_options_before", lambda *_: None)
        decisions = workplace.settings.decisions.model_copy(update={"policy": "rules"} | settings)
        all_settings = workplace.settings.model_copy(update={"decisions": decisions})
        monkeypatch.setattr(Workplace, "settings", property(lambda _: all_settings))
        chosen = running.running_at(Snapshot(day, workplace, print))
        Contract.validate(chosen.rows, lazy=True)
        workplace.tables.publish(Stage.INTERVENTIONS, "policy_promotions", day, chosen.rows)
        return chosen.policy, {row["policy"]: row for row in chosen.rows.iter_rows(named=True)}

    return at


def test_nothing_promoted_is_as_set(decide: Decide) -> None:
    policy, rows = decide(DAY, unproven("learned"), unproven("value"))
    assert policy == "rules"
    assert (rows["rules"]["status"], rows["rules"]["decision"], rows["rules"]["decided_by"]) == (
        "in use", "set", "decisions.policy",
    )  # fmt: skip
    assert rows["learned"]["decision"] is None


def test_the_gate_promotes_where_it_may_and_waits_otherwise(decide: Decide) -> None:
    evidence = (proven("learned", 0.1), proven("value", 0.3))
    assert decide(DAY, *evidence)[0] == "rules"
    policy, rows = decide(DAY + WEEK, *evidence, policy_promotion="automatic")
    assert policy == "value", "the higher lower end"
    assert (rows["value"]["decision"], rows["value"]["decided_by"]) == ("promoted", "gate")
    policy, rows = decide(DAY + 2 * WEEK, unproven("learned"), unproven("rules"), policy_promotion="automatic")
    assert (policy, rows["value"]["decision"]) == ("value", "kept")


def test_a_person_is_refused_without_proof_and_told_why(decide: Decide, home: Home) -> None:
    with pytest.raises(NotPromoted, match="has no snapshot yet: churn run makes a plan"):
        promote_policy(home.root, "learned", None, "ada", "looks good")
    decide(DAY, unproven("learned"), proven("value"))
    with pytest.raises(NotPromoted, match=f"As known at {DAY}, where rules made the plan: learned is not proven"):
        promote_policy(home.root, "learned", None, "ada", "looks good")
    with pytest.raises(NotPromoted, match="no policy 'best'; there are learned, rules, value"):
        promote_policy(home.root, "best", None, "ada", "looks good")
    with pytest.raises(NotPromoted, match="rules makes the plans already"):
        promote_policy(home.root, "rules", None, "ada", "looks good")
    with pytest.raises(NotPromoted, match="nothing to roll back to"):
        rollback_policy(home.root, None, "ada", "why not")
    with pytest.raises(NotPromoted, match=f"plan of {DAY} is made and stays as it is"):
        promote_policy(home.root, "value", DAY, "ada", "looks good")


def test_with_proof_a_person_promotes_and_rolls_back_from_the_next_plan_on(
    decide: Decide, home: Home, workplace: Workplace
) -> None:
    decide(DAY, proven("learned"), unproven("value"))
    promote_policy(home.root, "learned", None, "ada", "looks good")
    # The gate has no say at the first snapshot that a person's decision holds for.
    policy, rows = decide(DAY + timedelta(days=1), proven("value"), proven("rules"), policy_promotion="automatic")
    assert policy == "learned"
    assert rows["learned"]["decision"] == "by_person"
    assert "promote by ada: looks good (proof of 2026-11-16: it earns more)" in rows["learned"]["reason"]
    rollback_policy(home.root, None, "bob", "complaints")
    policy, rows = decide(DAY + WEEK, unproven("learned"), unproven("value"))
    assert (policy, rows["rules"]["decision"]) == ("rules", "by_person")
    assert "rollback by bob: complaints" in rows["rules"]["reason"]
    assert [row.policy for row in PolicyPromotions(workplace.record).rows("rules")] == ["learned", "rules"]


def test_who_sets_another_policy_has_the_last_word(decide: Decide, home: Home) -> None:
    decide(DAY, proven("learned"), unproven("value"))
    promote_policy(home.root, "learned", None, "ada", "looks good")
    policy, rows = decide(DAY + WEEK, unproven("learned"), unproven("rules"), policy="value")
    assert (policy, rows["value"]["decision"]) == ("value", "set")
    policy, rows = decide(DAY + 2 * WEEK, unproven("learned"), unproven("rules"), policy="value")
    assert (policy, rows["value"]["decision"]) == ("value", "set")
    policy, rows = decide(DAY + 3 * WEEK, unproven("learned"), unproven("value"), policy="rules")
    assert (policy, rows["rules"]["decision"]) == ("rules", "set"), "what was promoted before does not come back"


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"status": "in use"}, "one_policy_is_in_use_and_somebody_decided_so"),
        ({"beyond_constant_low": -0.1}, "promoted_on_proof"),
        ({"policy": "best"}, "isin"),
        ({"constant_share": 1.5}, "in_range"),
    ],
)
def test_a_broken_row_is_refused(decide: Decide, workplace: Workplace, change: dict[str, Any], rule: str) -> None:
    decide(DAY, proven("learned"), unproven("value"))
    rows = workplace.tables.read(Stage.INTERVENTIONS, "policy_promotions", DAY)
    is_it = pl.col("policy") == "learned"
    broken = rows.with_columns(
        pl.when(is_it).then(pl.lit(value)).otherwise(pl.col(name)).alias(name) for name, value in change.items()
    )
    with pytest.raises(Exception, match=rule):
        Contract.validate(broken, lazy=True)
