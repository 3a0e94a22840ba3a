from __future__ import annotations

import json
from datetime import date, datetime
from typing import TYPE_CHECKING

import polars as pl
import pytest

from churn_assets.decisions.outbox import plan_messages
from churn_assets.decisions.rules import decide
from churn_assets.settings import Decisions

if TYPE_CHECKING:
    from collections.abc import Callable

    MakeCandidates = Callable[..., pl.DataFrame]

SETTINGS = Decisions(holdout_share=0.0)
VALUES = (60.0, 90.0, 30.0)


@pytest.fixture
def ledger(make_candidates: MakeCandidates, snapshot: date) -> pl.DataFrame:
    users = [{"value_at_risk_amount": value} for value in VALUES]
    return decide(make_candidates(*users, {"risk_tier": "low"}), SETTINGS, snapshot)


def test_only_users_acted_upon_get_a_message(ledger: pl.DataFrame, snapshot: date) -> None:
    outbox = plan_messages(ledger, SETTINGS, snapshot, 7)

    assert outbox.select("user_id", "channel", "template", "state").rows() == [
        (user_id, "email", "coupon_10", "planned") for user_id in ("u000", "u001", "u002")
    ]
    assert outbox.get_column("decision_id").to_list() == ledger.get_column("decision_id").to_list()[:3]


def test_a_message_waits_for_the_morning_and_expires_with_the_next_plan(ledger: pl.DataFrame, snapshot: date) -> None:
    outbox = plan_messages(ledger, SETTINGS, snapshot, 7)

    times = (datetime(2025, 6, 2, 9), datetime(2025, 6, 9))  # UTC, naive
    assert set(outbox.select("not_before", "expires_at").rows()) == {times}


def test_payload_is_sorted_json_with_a_value_tier_and_nothing_else(ledger: pl.DataFrame, snapshot: date) -> None:
    payloads = plan_messages(ledger, SETTINGS, snapshot, 7).get_column("payload").to_list()

    read = [json.loads(payload) for payload in payloads]
    assert read[0] == {
        "arm": "coupon_10",
        "reason": "price",
        "snapshot_date": "2025-06-02",
        "user_id": "u000",
        "value_tier": "medium",
    }
    assert [payload["value_tier"] for payload in read] == ["medium", "high", "low"]
    assert payloads == [json.dumps(payload, sort_keys=True, separators=(",", ":")) for payload in read]


def test_ids_that_need_escaping_survive_in_the_payload(make_candidates: MakeCandidates, snapshot: date) -> None:
    ledger = decide(make_candidates({"user_id": 'a"b\\c|用户'}), SETTINGS, snapshot)

    payload = plan_messages(ledger, SETTINGS, snapshot, 7).item(0, "payload")

    assert json.loads(payload)["user_id"] == 'a"b\\c|用户'


def test_users_worth_the_same_share_a_tier(make_candidates: MakeCandidates, snapshot: date) -> None:
    ledger = decide(make_candidates({}, {}, {}, {}), SETTINGS, snapshot)

    payloads = plan_messages(ledger, SETTINGS, snapshot, 7).get_column("payload")

    assert {json.loads(payload)["value_tier"] for payload in payloads} == {"high"}


def test_the_key_follows_decision_arm_and_template(ledger: pl.DataFrame, snapshot: date) -> None:
    def keys(settings: Decisions) -> list[str]:
        return plan_messages(ledger.reverse(), settings, snapshot, 1).get_column("message_key").to_list()

    arms = tuple(arm.model_copy(update={"template": f"{arm.template}_v2"}) for arm in SETTINGS.arms)
    assert keys(SETTINGS) == plan_messages(ledger, SETTINGS, snapshot, 7).get_column("message_key").to_list()
    assert not set(keys(SETTINGS)) & set(keys(SETTINGS.model_copy(update={"arms": arms})))


def test_nobody_acted_upon_gives_an_empty_outbox(ledger: pl.DataFrame, snapshot: date) -> None:
    outbox = plan_messages(ledger.filter(pl.col("arm") == "none"), SETTINGS, snapshot, 7)

    assert outbox.is_empty()
    assert outbox.schema == plan_messages(ledger, SETTINGS, snapshot, 7).schema


def test_an_empty_ledger_is_refused(ledger: pl.DataFrame, snapshot: date) -> None:
    with pytest.raises(ValueError, match=r"decision_ledger: no row at snapshot_date 2025-06-02"):
        plan_messages(ledger.clear(), SETTINGS, snapshot, 7)


def test_a_ledger_of_another_snapshot_is_refused(ledger: pl.DataFrame) -> None:
    with pytest.raises(ValueError, match=r"snapshot_date is 2025-06-02 where only 2025-06-09 belongs"):
        plan_messages(ledger, SETTINGS, date(2025, 6, 9), 7)


def test_an_arm_gone_from_the_settings_is_named(ledger: pl.DataFrame, snapshot: date) -> None:
    with pytest.raises(ValueError, match=r"arm 'coupon_10' is not in decisions.arms \[\]"):
        plan_messages(ledger, SETTINGS.model_copy(update={"arms": ()}), snapshot, 7)


def test_a_cadence_below_a_day_is_refused(ledger: pl.DataFrame, snapshot: date) -> None:
    with pytest.raises(ValueError, match="cadence_days is 0"):
        plan_messages(ledger, SETTINGS, snapshot, 0)
