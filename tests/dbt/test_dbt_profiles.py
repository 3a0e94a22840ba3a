"""Portraits of the users of the hand-made landing; expected values are worked out by hand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest

from churn_assets.contracts.channels import SENDING_CHANNELS

Query = Callable[..., list[tuple[object, ...]]]
D1, D2, D3 = date(2026, 1, 5), date(2026, 1, 12), date(2026, 1, 19)
PORTRAIT = """
select {} from marts.dim_user_profiles where user_id = ? and snapshot_date = ?
"""

STAGES = {
    ("1", D1): "active",  # half a day after an order, usually 34
    ("11", D2): "new",  # registered, no purchase yet
    ("5", D1): "new",  # the only purchase is a day old
    ("7", D1): "lapsed",  # no purchase within 40 days
    ("7", D3): "returning",  # after a pause of 104 days
    ("8", D1): None,  # objected
    ("9", D2): None,
}


@pytest.mark.parametrize(("user", "day"), STAGES)
def test_the_lifecycle_stage_follows_its_rule(whole: Query, user: str, day: date) -> None:
    assert whole(PORTRAIT.format("lifecycle_stage"), user, day) == [(STAGES[user, day],)]


def test_every_user_of_a_snapshot_has_a_portrait(whole: Query) -> None:
    without = "select user_id, snapshot_date from {} except select user_id, snapshot_date from {}"
    tables = ("features.user_statuses", "marts.dim_user_profiles")
    assert whole(without.format(*tables)) == whole(without.format(*reversed(tables))) == []


def test_favourites_are_those_of_the_longest_window_as_known_then(whole: Query) -> None:
    names = "favourite_category_1, favourite_category_2, favourite_category_3, favourite_hour_1, favourite_hour_2"
    # Orders 101 and 102 at noon, each with one category; a visit at 23:50.
    assert whole(PORTRAIT.format(names), "1", D1) == [("c1", "c2", None, 12, 23)]


def test_scores_and_value_are_joined_once_there(whole: Query) -> None:
    names = "churn_probability, risk_tier, value_at_risk_amount, expected_spend_amount"
    assert whole(PORTRAIT.format(names), "1", D1) == [(0.25, "urgent", 12.5, 50.0)]
    assert whole(PORTRAIT.format("churn_probability, risk_tier"), "1", D2) == [(None, None)]


def test_who_objected_has_a_status_and_consents_only(whole: Query) -> None:
    """User 9 has a score at D2, by mistake; and a probability of somebody who objected is shown to nobody."""
    (row,) = whole(PORTRAIT.format("* exclude (user_id, snapshot_date)"), "9", D2)
    assert row[0] == "objected"
    assert {*row[1:]} == {None, False}


def test_silence_is_no_consent(whole: Query) -> None:
    names = ", ".join(f"has_consent_{channel}" for channel in SENDING_CHANNELS)
    assert whole(PORTRAIT.format(names), "9", D1) == [tuple(channel == "sms" for channel in SENDING_CHANNELS)]
    assert whole(PORTRAIT.format(names), "1", D1) == [tuple(False for _ in SENDING_CHANNELS)]


def test_a_shop_of_orders_only_has_portraits(orders_only: Query) -> None:
    found = orders_only("select count(*), count(segment), count(favourite_category_1) from marts.dim_user_profiles")
    users, segments, categories = found[0]
    assert users == segments
    assert categories == 0
