from __future__ import annotations

import json
from datetime import date, datetime
from typing import TYPE_CHECKING

import polars as pl
import pytest

from churn_assets.catalogue.arms import Arm
from churn_assets.decisions.decide import decide
from churn_assets.decisions.outbox import plan_messages
from churn_assets.settings import Decisions
from tests.unit.decisions.plain import plain

if TYPE_CHECKING:
    from collections.abc import Callable

    MakeCandidates = Callable[..., pl.DataFrame]

SETTINGS = plain(holdout_share=0.0, margin_share=1.0)
ITEMS = pl.DataFrame(
    [("u000", 2, "p2", "popular", "Tea pot", None, None),
     ("u000", 1, "p1", "viewed", "Red kettle", "https://e.org/1", "https://e.org/1.jpg")],
    schema=["user_id", "item_rank", "product_id", "source", "name", "url", "image_url"], orient="row",
)  # fmt: skip
VALUES = (60.0, 90.0, 30.0)


@pytest.fixture
def ledger(make_candidates: MakeCandidates, snapshot: date) -> pl.DataFrame:
    users = [{"value_at_risk_amount": value} for value in VALUES]
    return decide(make_candidates(*users, {"risk_tier": "small"}), SETTINGS, snapshot).ledger


def test_only_users_acted_upon_get_a_message(ledger: pl.DataFrame, snapshot: date) -> None:
    outbox = plan_messages(ledger, ITEMS, SETTINGS, snapshot, 7)

    assert outbox.select("user_id", "channel", "template", "state").rows() == [
        (user_id, "email", "coupon", "planned") for user_id in ("u000", "u001", "u002")
    ]
    assert outbox.get_column("decision_id").to_list() == ledger.get_column("decision_id").to_list()[:3]


def test_a_message_waits_for_the_morning_and_expires_with_the_next_plan(ledger: pl.DataFrame, snapshot: date) -> None:
    outbox = plan_messages(ledger, ITEMS, SETTINGS, snapshot, 7)

    times = (datetime(2025, 6, 2, 9), datetime(2025, 6, 9))  # UTC, naive
    assert set(outbox.select("not_before", "expires_at").rows()) == {times}


def test_payload_is_sorted_json_with_a_value_tier_and_nothing_else(ledger: pl.DataFrame, snapshot: date) -> None:
    payloads = plan_messages(ledger, ITEMS, SETTINGS, snapshot, 7).get_column("payload").to_list()

    read = [json.loads(payload) for payload in payloads]
    assert read[0] == {
        "arm": "coupon",
        "body": "Until 2025-06-09 your next order costs 10 % less. There is nothing to enter: your account has it."
        "\n\nNo more such e-mails: {unsubscribe_url}",
        "code": None,
        "code_from": None,
        "items": ["p1", "p2"],
        "language": "en",
        "level": "10",
        "products": [],
        "reason": "price",
        "snapshot_date": "2025-06-02",
        "subject": "A thank-you for you",
        "user_id": "u000",
        "value_tier": "medium",
    }
    assert [payload["value_tier"] for payload in read] == ["medium", "high", "low"]
    assert payloads == [json.dumps(payload, sort_keys=True, separators=(",", ":")) for payload in read]


def test_ids_that_need_escaping_survive_in_the_payload(make_candidates: MakeCandidates, snapshot: date) -> None:
    ledger = decide(make_candidates({"user_id": 'a"b\\c|用户'}), SETTINGS, snapshot).ledger

    payload = plan_messages(ledger, ITEMS, SETTINGS, snapshot, 7).item(0, "payload")

    assert json.loads(payload)["user_id"] == 'a"b\\c|用户'


def test_users_worth_the_same_share_a_tier(make_candidates: MakeCandidates, snapshot: date) -> None:
    ledger = decide(make_candidates({}, {}, {}, {}), SETTINGS, snapshot).ledger

    payloads = plan_messages(ledger, ITEMS, SETTINGS, snapshot, 7).get_column("payload")

    assert {json.loads(payload)["value_tier"] for payload in payloads} == {"high"}


def test_the_key_follows_decision_arm_and_template(ledger: pl.DataFrame, snapshot: date) -> None:
    def keys(settings: Decisions) -> list[str]:
        return plan_messages(ledger.reverse(), ITEMS, settings, snapshot, 1).get_column("message_key").to_list()

    arms = tuple(arm.model_copy(update={"template": f"{arm.template}_v2"}) for arm in SETTINGS.arms)
    assert keys(SETTINGS) == plan_messages(ledger, ITEMS, SETTINGS, snapshot, 7).get_column("message_key").to_list()
    assert not set(keys(SETTINGS)) & set(keys(SETTINGS.model_copy(update={"arms": arms})))


def test_nobody_acted_upon_gives_an_empty_outbox(ledger: pl.DataFrame, snapshot: date) -> None:
    outbox = plan_messages(ledger.filter(pl.col("arm") == "none"), ITEMS, SETTINGS, snapshot, 7)

    assert outbox.is_empty()
    assert outbox.schema == plan_messages(ledger, ITEMS, SETTINGS, snapshot, 7).schema


def test_an_empty_ledger_is_refused(ledger: pl.DataFrame, snapshot: date) -> None:
    with pytest.raises(ValueError, match=r"decision_ledger: no row at snapshot_date 2025-06-02"):
        plan_messages(ledger.clear(), ITEMS, SETTINGS, snapshot, 7)


def test_a_ledger_of_another_snapshot_is_refused(ledger: pl.DataFrame) -> None:
    with pytest.raises(ValueError, match=r"snapshot_date is 2025-06-02 where only 2025-06-09 belongs"):
        plan_messages(ledger, ITEMS, SETTINGS, date(2025, 6, 9), 7)


def test_an_arm_gone_from_the_settings_is_named(ledger: pl.DataFrame, snapshot: date) -> None:
    with pytest.raises(ValueError, match=r"arm 'coupon' is not in decisions.arms \[\]"):
        plan_messages(ledger, ITEMS, SETTINGS.model_copy(update={"arms": ()}), snapshot, 7)


def test_a_cadence_below_a_day_is_refused(ledger: pl.DataFrame, snapshot: date) -> None:
    with pytest.raises(ValueError, match="cadence_days is 0"):
        plan_messages(ledger, ITEMS, SETTINGS, snapshot, 0)


def test_a_slot_without_a_value_cancels_that_message_alone(make_candidates: MakeCandidates, snapshot: date) -> None:
    ledger = decide(make_candidates({"reason_1": "profile"}, {"reason_1": "profile"}), SETTINGS, snapshot).ledger

    outbox = plan_messages(ledger, ITEMS, SETTINGS, snapshot, 7)

    payloads = [json.loads(payload) for payload in outbox["payload"]]
    assert outbox.select("template", "state").rows() == [("reminder_email", "planned"), ("reminder_email", "cancelled")]
    assert [payload["body"].split("\n")[0] for payload in payloads] == [
        "You looked at Red kettle and may like to see it again.", ""
    ]  # fmt: skip
    assert payloads[0]["products"] == [
        {"product_id": "p1", "source": "viewed", "name": "Red kettle", "url": "https://e.org/1",
         "image_url": "https://e.org/1.jpg"},
    ]  # fmt: skip
    assert payloads[1]["products"] == []


def test_a_text_names_no_item_by_its_id(make_candidates: MakeCandidates, snapshot: date) -> None:
    ledger = decide(make_candidates({"reason_1": "profile"}), SETTINGS, snapshot).ledger

    unnamed = ITEMS.with_columns(name=pl.lit(None, pl.String))
    outbox = plan_messages(ledger, unnamed, SETTINGS, snapshot, 7)

    assert outbox.select("template", "state").rows() == [("reminder_email", "cancelled")]
    assert json.loads(outbox.item(0, "payload"))["items"] == ["p1", "p2"]


def test_the_payload_says_who_fills_the_code_in(make_candidates: MakeCandidates, snapshot: date) -> None:
    coupon = {
        "arm": "coupon", "channel": "push", "template": "coupon", "code": "pool", "texts": {"en": {"body": "{code}"}},
        "cost_amount": 1, "assumed_lift": 0.2,
    }  # fmt: skip
    settings = Decisions.model_validate({"arms": [coupon], "holdout_share": 0.0, "margin_share": 1.0})
    ledger = decide(make_candidates({}), settings, snapshot, codes={("coupon", None): 1}).ledger

    payload = json.loads(plan_messages(ledger, ITEMS, settings, snapshot, 7).item(0, "payload"))

    assert (payload["body"], payload["code"], payload["code_from"]) == ("{code}", None, "pool")


def test_texts_are_in_the_language_that_is_set(ledger: pl.DataFrame, snapshot: date) -> None:
    chinese = SETTINGS.model_copy(update={"language": "zh"})

    payload = plan_messages(ledger, ITEMS, chinese, snapshot, 7).item(0, "payload")

    assert "\u9001\u60a8\u4e00\u4efd\u4f18\u60e0" in payload, "stored as it reads, not escaped"


def test_what_is_sent_by_nobody_is_not_in_the_outbox(make_candidates: MakeCandidates, snapshot: date) -> None:
    points = Arm(arm="points", channel="none", template="points", cost_amount=1, assumed_lift=0.2)
    settings = SETTINGS.model_copy(update={"arms": (points,)})
    ledger = decide(make_candidates({"hindrance_email": "no_consent"}), settings, snapshot).ledger

    assert ledger.select("arm", "channel").row(0) == ("points", "none")
    assert plan_messages(ledger, ITEMS, settings, snapshot, 7).is_empty()
