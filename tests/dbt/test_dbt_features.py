"""Features of the hand-made landing at two snapshots; every expected value is worked out by hand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest

from churn_assets.contracts.channels import SENDING_CHANNELS

Query = Callable[..., list[tuple[object, ...]]]
D1, D2, D3 = date(2026, 1, 5), date(2026, 1, 12), date(2026, 1, 19)
HOUR = 1 / 24

# (user, snapshot): values. What each order is there for is said in landing/.
EXPECTED: dict[tuple[str, date], dict[str, float | None]] = {
    ("1", D1): {
        "tenure_days": 60,
        "recency_days": 0.5,  # 102 on the 4th at noon; 103 is not known yet
        "orders_count": 2,
        "spent_amount": 150,
        "orders_7d": 1,
        "orders_28d": 1,
        "orders_91d": 2,
        "spent_amount_28d": 50,
        "spent_amount_91d": 150,
        "order_mean_amount": 75,
        "order_max_amount": 100,
        "discount_share_7d": 0.5,  # 50 of 100
        "coupon_order_share": 0.5,
        "late_deliveries_28d": None,  # 102 has no delivery yet: unknown
        "late_deliveries_91d": 1,
        "gap_mean_days": 34,  # 1 December to 4 January
        "gap_spread_days": None,  # one gap has no spread
        "gap_max_days": 34,
        "recency_to_gap_ratio": 1 / 34,
        "items_per_order": 2,  # lines of 1, 2 and 1 in two orders
        "categories_count": 2,
        "below_list_price_share": 1 - 78 / 80,  # 10 + 18 + 50 paid of 10 + 20 + 50
        "returns_count": None,  # the shop's first return became known on the 8th
        "returns_7d": None,
        "return_share": None,
        "sessions_7d": 1,
        "views_7d": 1,
        "carts_7d": 1,
        "searches_7d": 0,
        "active_days_7d": 1,  # over midnight, but one day
        "dwell_seconds_7d": 40,
        "days_since_visit": 2,  # it began on the 3rd
        "spent_per_day_amount": 150 / 60,
        "orders_trend_28d": (1 / 28) / (2 / 91),
    },
    ("1", D2): {
        "recency_days": 7 + 11 * HOUR,  # 103 on the 4th at 13:00
        "orders_count": 4,
        "spent_amount": 250,
        "orders_7d": 0,
        "orders_28d": 3,  # the late 104 among them
        "spent_amount_28d": 150,
        "gap_mean_days": 17,  # gaps of 19 and 15
        "gap_spread_days": 2,
        "gap_max_days": 19,
        "recency_to_gap_ratio": 8 / 17,
        "items_per_order": 1,  # 101 was delivered again with one line
        "below_list_price_share": 1 - 58 / 60,
        "returns_count": 2,
        "returns_7d": 2,
        "returned_amount_7d": 25,
        "return_share": 0.5,
        "orders_trend_7d": 0,
        "sessions_7d": 0,
        "sessions_28d": 1,
        "shares_7d": 0,  # recorded by now, and this user has none
        "ad_clicks_28d": 0,
        "repeated_searches_28d": 0,
    },
    ("2", D1): {
        "orders_count": 2,
        "spent_amount": 100,  # 201 delivered twice counts once
        "recency_days": 2,
        "sessions_7d": 2,  # parted by 40 minutes
        "views_7d": 2,
        "searches_7d": 1,  # the repeat is a duplicate
        "active_days_7d": 1,
        "views_per_session": 1,
    },
    ("2", D2): {
        "orders_count": 1,  # 202 is cancelled by now
        "spent_amount": 44,  # 201 is corrected by now
        "recency_days": 9 + 14 * HOUR,
        "returns_count": 0,  # returns are recorded by now, and this user has none
        "returns_7d": 0,
    },
    # Nobody had marked a favourite by D1: unknown whether the shop records it.
    ("3", D1): {"orders_count": 1, "views_7d": 1, "favorites_7d": None, "days_since_visit": 3},
    ("3", D2): {"orders_count": 1, "views_28d": 0, "favorites_28d": 1, "sessions_28d": 1, "days_since_visit": 13},
    ("4", D1): {"orders_count": 1, "spent_amount": 5, "days_since_visit": 6},
    ("4", D2): {"orders_count": 3, "spent_amount": 35, "views_28d": 1, "sessions_28d": 1, "days_since_visit": 10},
    ("5", D1): {
        "orders_count": 1,
        "recency_days": 0.5 * HOUR,  # with the offset taken off
        "tenure_days": 0.5 * HOUR,  # since the first order: nobody described the user
        "sessions_7d": 0,  # the visit is known exactly at D1
        "days_since_visit": None,
    },
    ("5", D2): {"sessions_28d": 1, "days_since_visit": 8},
    ("6", D1): {"orders_count": 0, "spent_amount": 0, "recency_days": None, "order_mean_amount": None, "orders_7d": 0},
    ("9", D1): {
        "sessions_7d": 4,  # s94 at the very start of the window, s95, s96, s97
        "sessions_28d": 7,
        "carts_7d": 1,
        "carts_28d": 4,
        "cart_removals_28d": 1,
        "cart_sessions_28d": 4,
        "cart_session_share": 4 / 7,
        "orders_per_cart_session": 1 / 4,
        "abandoned_cart_share": 1 / 3,  # of the 23rd, 24th and 28th
        "carts_per_view": 2,
        "events_per_session": 13 / 7,
        "searches_7d": 3,
        "fruitless_searches_7d": 1,
        "repeated_searches_7d": 1,
        "follows_7d": 1,
        "shares_7d": None,  # the shop's first one happens at D1
        "ad_impressions_7d": 2,
        "ad_clicks_7d": None,  # the shop's first one is not known yet
        "ad_clicks_per_impression": 0,
        "logins_7d": None,
        "active_hours": 6,  # 0, 5, 6, 10, 12, 23
        "night_share": 3 / 13,
        "weekend_share": 7 / 13,
        "days_since_visit": 1,
    },
    ("9", D2): {
        "views_28d": 1,
        "logins_28d": 1,
        "fruitless_searches_28d": 2,
        "fruitless_searches_7d": 0,
        "abandoned_cart_share": 1 / 4,  # that of the 29th was bought
        "shares_7d": 1,
        "ad_clicks_28d": 1,
        "ad_clicks_per_impression": 0.5,
        "sessions_7d": 1,
    },
    ("11", D2): {"orders_count": 0, "tenure_days": 4},
}  # fmt: skip
CASES = [(user, day, column, value) for (user, day), row in EXPECTED.items() for column, value in row.items()]


@pytest.mark.parametrize(("user", "day", "column", "value"), CASES, ids=str)
def test_feature(whole: Query, user: str, day: date, column: str, value: float | None) -> None:
    sql = f"select {column} from features.user_features where user_id = ? and snapshot_date = ?"
    assert whole(sql, user, day) == [(None if value is None else pytest.approx(value),)]


def test_users_are_there_from_the_snapshot_that_knows_them(whole: Query) -> None:
    sql = "select user_id from features.user_features where snapshot_date = ? order by user_id::int"
    at_first = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "10"]
    assert [user for (user,) in whole(sql, D1)] == at_first
    assert [user for (user,) in whole(sql, D2)] == [*at_first, "11", "14"]
    assert [user for (user,) in whole(sql, D3)] == [*at_first, "11", "12", "14"]


STATUSES = {
    ("1", D1): "eligible",
    ("6", D1): "new",  # the only order is cancelled
    ("7", D1): "lapsed",  # no purchase within 40 days
    ("8", D1): "objected",  # on all channels
    ("9", D1): "eligible",  # refuses one channel of two
    ("9", D2): "objected",  # and all of them now
    ("10", D1): "eligible",  # withdrew, but nobody knew
    ("10", D2): "objected",
    ("11", D2): "new",
    ("12", D3): "eligible",  # described without a date: not there before the first purchase
}


@pytest.mark.parametrize(("user", "day"), STATUSES, ids=str)
def test_status(whole: Query, user: str, day: date) -> None:
    sql = "select status from features.user_statuses where user_id = ? and snapshot_date = ?"
    assert whole(sql, user, day) == [(STATUSES[user, day],)]


@pytest.mark.parametrize(
    ("user", "day", "expected"),
    [
        ("1", D1, {}),  # consent to another purpose is none
        ("8", D1, dict.fromkeys(SENDING_CHANNELS, False)),
        ("9", D1, {"email": False, "sms": True}),
        ("9", D2, dict.fromkeys(SENDING_CHANNELS, False)),
        ("10", D1, {"email": True}),
        ("10", D2, {"email": False}),
    ],
)
def test_consent_is_the_newest_word_known(whole: Query, user: str, day: date, expected: dict[str, bool]) -> None:
    columns = ", ".join(f"consent_{channel}" for channel in SENDING_CHANNELS)
    sql = f"select {columns} from features.user_statuses where user_id = ? and snapshot_date = ?"
    assert whole(sql, user, day) == [tuple(expected.get(channel) for channel in SENDING_CHANNELS)]


def test_tables_that_are_missing_leave_their_features_unknown(orders_only: Query) -> None:
    unknown = ["items_per_order", "returns_count", "returns_7d", "return_share", "sessions_7d", "views_28d",
               "dwell_seconds_7d", "days_since_visit", "sessions_trend_7d", "age_years", "city_tier",
               "region_users_share", "category_entropy", "basket_price_index", "returned_amount",
               "quality_return_share", "reviews_28d", "rating_mean", "sentiment_mean", "tickets_7d",
               "unanswered_tickets_count", "first_reply_mean_hours", "coupons_received_count", "coupon_redeemed_share",
               "contacts_28d", "contact_open_share", "contacts_since_order_count", "fruitless_searches_28d",
               "repeated_searches_7d", "abandoned_cart_share", "active_hours", "follows_28d"]  # fmt: skip
    found = orders_only(f"select {', '.join(unknown)} from features.user_features")
    assert found == [(None,) * len(unknown)] * 2


def test_orders_alone_are_enough(orders_only: Query) -> None:
    columns = "user_id, orders_count, recency_days, discount_share_7d"
    assert orders_only(f"select {columns} from features.user_features order by snapshot_date") == [
        ("1", 2, 0.5, None),
        ("1", 4, pytest.approx(7 + 11 * HOUR), None),
    ]
