"""Texts, slots and quiet hours: what is said, and when nobody is written to."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any

import pytest

from churn_assets.catalogue.arms import Arm, Level
from churn_assets.catalogue.slots import Item
from churn_assets.decisions.messages import MessageText, filled, message_text, payload_of
from churn_assets.decisions.quiet import first_moment, is_quiet
from churn_assets.settings import Decisions

ARM: dict[str, Any] = {"arm": "a", "channel": "push", "template": "t", "cost_amount": 1, "assumed_lift": 0.1}
LEVEL = {"level": "10", "cost_amount": 1, "assumed_lift": 0.1}
DAY = date(2025, 6, 9)


def arm(**changes: Any) -> Arm:
    return Arm.model_validate(ARM | changes)


def item(place: int, source: str = "viewed", name: str | None = "", url: str | None = None) -> Item:
    return Item(f"p{place}", source, f"name {place}" if name == "" else name, url)


def words(body: str, *items: Item, level: str | None = None, **changes: Any) -> str | None:
    """The body of an arm with one text."""
    levels = {"cost_amount": None, "assumed_lift": None, "levels": [LEVEL]} if level else {}
    made = arm(texts={"en": {"body": body}}, offer="coupon", **levels, **changes)
    found = message_text(made, "en", level, items, DAY)
    return found.body if found else None


def test_slots_are_filled() -> None:
    text = {"subject": "{level} %", "body": "{item_1}, {viewed_2}; until {valid_until}"}
    made = arm(texts={"en": text}, offer="coupon", cost_amount=None, assumed_lift=None, levels=[LEVEL])
    found = message_text(made, "en", "10", [item(1), item(2), item(3)], DAY)
    assert found == MessageText("10 %", "name 1, name 2; until 2025-06-09", (item(1), item(2)))


@pytest.mark.parametrize(
    ("body", "items", "told"),
    [
        ("{item_1}", [item(1, name=None), item(2, "popular")], "name 2"),  # an id is no name
        ("{item_1}", [item(1, name=None)], None),
        ("{item_1}, {item_2}", [item(1, name="Soap"), item(2, name="Soap"), item(3)], "Soap, name 3"),
        ("{item_1}, {item_2}", [item(1, name="Soap"), item(2, name="Soap")], None),
        ("{viewed_1}", [item(1, "popular"), item(2)], "name 2"),
        ("{viewed_1}", [item(1, "popular")], None),
        ("{together_1}", [item(1, "bought_together")], "name 1"),
        ("{bought_1}", [item(1, "bought_before")], "name 1"),
        ("{popular_2}", [item(1, "popular"), item(2), item(3, "popular")], "name 3"),
        ("{item_1_url}", [item(1)], None),
        ("{item_1_url}", [item(1, url="https://e.org/1")], "https://e.org/1"),
        ("{item_1}", [], None),
        ("{item_1}", [item(1, name="{level} {")], "{level} {"),  # never read as a template again
    ],
)
def test_an_item_enters_by_its_name_and_by_how_it_was_found(body: str, items: list[Item], told: str | None) -> None:
    assert words(body, *items) == told


def test_a_slot_without_a_value_gives_no_words() -> None:
    made = arm(texts={"en": {"body": "{level} %"}}, offer="coupon", cost_amount=None, assumed_lift=None, levels=[LEVEL])
    assert message_text(made, "en", None, [], DAY) is None


def test_the_first_version_that_can_be_filled_is_taken() -> None:
    made = arm(texts={"en": [{"body": "You looked at {viewed_1}."}, {"body": "{popular_1} is popular now."}]})

    def told(*items: Item) -> str | None:
        found = message_text(made, "en", None, items, DAY)
        return found.body if found else None

    assert told(item(1, "popular"), item(2)) == "You looked at name 2."
    assert told(item(1, "popular")) == "name 1 is popular now."
    assert told(item(1, "bought_before")) is None


def test_what_does_not_fit_into_one_sms_is_no_text_for_that_user() -> None:
    assert words("{item_1}", item(1, name="x" * 120), channel="sms") == "x" * 120
    assert words("{item_1}", item(1, name="送" * 71), channel="sms") is None
    assert words("{item_1}{code}" + "y" * 30, item(1, name="x" * 114), channel="sms", code="pool") is not None
    assert words("{item_1}{code}" + "y" * 30, item(1, name="x" * 115), channel="sms", code="pool") is None


def test_without_texts_the_sending_side_has_its_own_and_is_told_the_best_items() -> None:
    items = [item(place) for place in (1, 2, 3, 4)]
    assert message_text(arm(), "zh", None, items, DAY) == MessageText("", "", tuple(items[:3]))


def test_code_and_way_out_are_filled_when_a_message_is_handed_over() -> None:
    made = arm(texts={"en": {"body": "Your code: {code}\n{unsubscribe_url}"}}, code="pool")
    found = message_text(made, "en", None, [], DAY)
    assert found
    assert found.body == "Your code: {code}\n{unsubscribe_url}"
    planned = payload_of({"subject": "{code}", "body": found.body, "code": None, "arm": "a"})
    assert filled(planned, None, None) == planned
    told = '{"arm":"a","body":"Your code: K1\\nhttps://e.org","code":"K1","subject":"K1"}'
    assert filled(planned, "K1", "https://e.org") == told
    assert filled(told, None, "https://other.org") == told


def test_a_payload_is_the_same_bytes_for_the_same_content() -> None:
    assert payload_of({"b": "送", "a": None}) == '{"a":null,"b":"送"}'


@pytest.mark.parametrize(
    ("hours", "zone", "at", "expected"),
    [
        ((time(21), time(9)), "UTC", datetime(2025, 6, 2), datetime(2025, 6, 2, 9)),
        ((time(21), time(9)), "UTC", datetime(2025, 6, 2, 10, 7), datetime(2025, 6, 2, 10, 7)),
        ((time(21), time(9)), "Asia/Shanghai", datetime(2025, 6, 2), datetime(2025, 6, 2, 1)),  # 09:00 there
        ((time(21), time(9)), "Asia/Kathmandu", datetime(2025, 6, 2), datetime(2025, 6, 2, 3, 15)),  # +05:45
        ((time(0), time(8, 20)), "UTC", datetime(2025, 6, 2), datetime(2025, 6, 2, 8, 20)),
        (None, "UTC", datetime(2025, 6, 2), datetime(2025, 6, 2)),
    ],
)
def test_the_first_moment_that_is_not_quiet(
    hours: tuple[time, time] | None, zone: str, at: datetime, expected: datetime
) -> None:
    quiet = arm(quiet_hours=hours)
    assert first_moment(at, quiet, zone) == expected
    assert not is_quiet(expected, quiet, zone)


def test_hours_that_are_quiet_all_day_are_refused() -> None:
    with pytest.raises(ValueError, match="quiet_hours leave no moment"):
        first_moment(datetime(2025, 6, 2), arm(quiet_hours=(time(0), time(23, 59, 59, 999999))), "UTC")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"cost_amount": -1}, "cost_amount"),
        ({"capacity": -1}, "capacity"),
        ({"channel": "fax"}, "channel"),
        ({"offer": "lottery"}, "offer"),
        ({"cost_amount": None}, "needs cost_amount and assumed_lift, or levels"),
        ({"levels": [{"level": "5", "cost_amount": 1, "assumed_lift": 0.1}]}, "has levels, so cost_amount"),
        ({"cost_amount": None, "assumed_lift": None, "levels": [{"cost_amount": 1, "assumed_lift": 0.1}]}, "a name"),
    ],
)
def test_a_bad_arm_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        arm(**changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"budget_amount": -1}, "budget_amount"),
        ({"time_zone": "Mars/Base"}, "time_zone 'Mars/Base' is unknown"),
        ({"channel_capacities": {"email": -1}}, "channel_capacities"),
        ({"arms": [ARM, ARM]}, "arm ids must be unique"),
        ({"arms": [ARM | {"texts": {"en": {"body": "x"}}}], "language": "zh"}, "no text in decisions.language 'zh'"),
        ({"policy": "bandit"}, "policy"),
    ],
)
def test_bad_decisions_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Decisions.model_validate(changes)


def test_a_lower_bound_above_the_lift_is_refused() -> None:
    with pytest.raises(ValueError, match=r"assumed_lift_low 0.2 is above assumed_lift 0.1"):
        Level(cost_amount=1, assumed_lift=0.1, assumed_lift_low=0.2)
