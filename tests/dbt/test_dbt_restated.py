"""A restated build says what happened; the default one what was known. Expected values are worked out by hand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from churn_assets.instance.home import Home
from churn_assets.warehouse.fingerprint import fingerprint
from churn_assets.workplace import Workplace

Query = Callable[..., list[tuple[object, ...]]]
D1 = date(2026, 1, 5)
# user: orders, spent, hours since the newest order; as known at D1, and as known today
FEATURES = {
    "1": ((2, 150, 12), (4, 250, 11)),  # 103 and 104 became known later
    "2": ((2, 100, 48), (1, 44, 62)),  # 201 was corrected, 202 cancelled
    "4": ((1, 5, 134), (1, 5, 134)),  # 401 happens after D1, whenever it was told
}
# Left by the label window of D1, as known at its end, and as known today.
LABELS = {"3": (True, False), "10": (False, True)}  # 302 became known, 1002 was cancelled after it


@pytest.mark.parametrize("user", FEATURES)
def test_restated_features_are_made_of_what_is_known_today(whole: Query, restated: Query, user: str) -> None:
    sql = """select orders_count, spent_amount, round(recency_days * 24) from features.user_features
             where user_id = ? and snapshot_date = ?"""
    then, today = FEATURES[user]
    assert whole(sql, user, D1) == [then]
    assert restated(sql, user, D1) == [today]


@pytest.mark.parametrize("user", LABELS)
def test_restated_labels_are_too(whole: Query, restated: Query, user: str) -> None:
    sql = """select is_churned from features.churn_labels
             where user_id = ? and snapshot_date = ? and definition = 'inactivity'"""
    then, today = LABELS[user]
    assert whole(sql, user, D1) == [(then,)]
    assert restated(sql, user, D1) == [(today,)]


def test_a_restated_mart_holds_the_newest_version_of_everything_delivered(restated: Query) -> None:
    found = restated("select order_id, amount, is_purchase, superseded_at from marts.fct_orders where user_id = '2'")
    assert sorted(found) == [("201", 44, True, None), ("202", 60, False, None), ("203", 9, True, None)]
    assert restated("select count(*) from marts.fct_orders where order_id = '1003'") == [(1,)], "known at D4 only"


def test_the_switch_is_off_and_makes_the_warehouse_again(tmp_path: Path) -> None:
    homes = {}
    for name, settings in {
        "default": "",
        "off": "landing: {restated: false}",
        "on": "landing: {restated: true}",
    }.items():
        home = Home(tmp_path / name).prepare()
        home.settings_file.write_text(settings)
        homes[name] = fingerprint(Workplace(home_path=str(home.root)))
    assert homes["default"] == homes["off"] != homes["on"]
