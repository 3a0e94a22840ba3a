"""Texts, slots and quiet hours: what is said, and when nobody is written to."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any

import pytest

from churn_assets.decisions.arms import Arm, Level, Text
from churn_assets.decisions.messages import payload_of, rendered
from churn_assets.decisions.quiet import first_moment, is_quiet
from churn_assets.settings import Decisions

ARM: dict[str, Any] = {"arm": "a", "channel": "email", "template": "t", "cost_amount": 1, "assumed_lift": 0.1}
DAY = date(2025, 6, 9)


def arm(**changes: Any) -> Arm:
    return Arm.model_validate(ARM | changes)


def test_slots_are_filled() -> None:
    text = Text(subject="{level} %", body="{item_1}, {item_2}; until {valid_until} {{sic}}")
    assert text.slots == {"level", "item_1", "item_2", "valid_until"}
    words = rendered(arm(texts={"en": text}), "en", "10", ["p1", "p2"], DAY)
    assert words == ("10 %", "p1, p2; until 2025-06-09 {sic}")


@pytest.mark.parametrize(("level", "items"), [("10", []), (None, ["p1"])])
def test_a_slot_without_a_value_gives_no_words(level: str | None, items: list[str]) -> None:
    assert rendered(arm(texts={"en": Text(body="{item_1} {level}")}), "en", level, items, DAY) is None


def test_an_item_that_looks_like_a_slot_stays_as_it_is() -> None:
    assert rendered(arm(texts={"en": Text(body="{item_1}")}), "en", None, ["{level}"], DAY) == ("", "{level}")


def test_without_texts_the_sending_side_has_its_own() -> None:
    assert rendered(arm(), "zh", None, [], DAY) == ("", "")


@pytest.mark.parametrize(
    ("body", "message"),
    [("{name}", "slot {name} is unknown; there are item_1"), ("{", "cannot be read as a template"), ("", "at least 1")],
)
def test_a_bad_template_is_refused(body: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Text(body=body)


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
