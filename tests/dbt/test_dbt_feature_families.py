"""What the optional tables say of a user at two snapshots; every expected value is worked out by hand.

Rows stand exactly at D1 with their event time, their known time, or the time of what came of them.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from math import log

import pytest

Query = Callable[..., list[tuple[object, ...]]]
D1, D2, D3, D4 = date(2026, 1, 5), date(2026, 1, 12), date(2026, 1, 19), date(2026, 1, 26)
OLD_V5 = (2 * log(3) + log(1.5) - 2 * log(2)) / 7  # `good bad` at D2: see test_dbt_sentiments.py

PROFILE: dict[tuple[str, date], dict[str, float | bool | None]] = {
    ("1", D1): {
        "age_years": 36,
        "is_female": True,
        "city_tier": 2,
        "friends_count": 5,
        "region_users_share": 2 / 3,  # north: 1 and 2 of 1, 2, 3; user 14 has not registered yet
        "acquisition_channel_users_share": 2 / 3,
    },
    ("1", D2): {"friends_count": 9, "region_users_share": 2 / 5},  # described anew: moved to the south
    ("2", D1): {"is_female": False, "city_tier": 1, "age_years": None, "region_users_share": 2 / 3},
    ("2", D2): {"region_users_share": 3 / 5},  # with 11 and 14
    ("3", D1): {"is_female": None, "city_tier": 3, "region_users_share": 1 / 3},
    ("4", D1): {"city_tier": None, "region_users_share": None},
    ("14", D2): {"region_users_share": 3 / 5},
}
ORDERS: dict[tuple[str, date], dict[str, float | bool | None]] = {
    ("1", D1): {
        "order_min_amount": 50,
        "order_spread_amount": 25,  # of 100 and 50
        "platforms_count": None,
        "main_platform_share": None,
        "late_delivery_share": 1,
        "late_delivery_mean_days": 2.375,
        "category_entropy": -(2 / 3 * log(2 / 3) + 1 / 3 * log(1 / 3)),
        "repeat_product_share": 0,  # two lines of one order are no repeat
        "orders_acceleration_7d": (1 / 7) * (2 / 91) / (1 / 28) ** 2,
        "orders_acceleration_28d": (1 / 28) * (2 / 182) / (2 / 91) ** 2,
    },
    ("1", D2): {"category_entropy": log(2)},
    ("3", D1): {"order_spread_amount": None, "category_entropy": None, "repeat_product_share": None},
    ("4", D1): {"platforms_count": 1, "main_platform_share": 1},
    ("4", D2): {"platforms_count": 2, "main_platform_share": 2 / 3},
    ("7", D1): {"repeat_product_share": 0, "basket_price_index": None},
    ("7", D3): {"repeat_product_share": 1 / 2, "basket_price_index": 1.2},  # p1 for 12 after 10; the 24 not known yet
    ("7", D4): {"basket_price_index": 2.4},
}
RETURNS: dict[tuple[str, date], dict[str, float | bool | None]] = {
    ("1", D1): {"returned_amount": None, "quality_return_share": None, "returned_spend_share": None},
    ("1", D2): {
        "returned_amount": 25,
        "returned_spend_share": 0.1,
        "return_reasons_count": 2,
        "quality_return_share": 0.5,
    },
    ("1", D3): {"quality_return_share": 1},
    ("2", D2): {"returned_amount": 0, "return_reasons_count": 0, "quality_return_share": None},
}
REVIEWS: dict[tuple[str, date], dict[str, float | bool | None]] = {
    ("1", D1): {
        "reviews_28d": 2,
        "reviews_182d": 3,
        "rating_mean": 10 / 3,  # 3, 5, 2
        "rating_last": 2,
        "rating_trend": 0.5,  # 3.5 against 3
        "low_rating_share": 1 / 3,
        "review_length_mean": 4,
        "sentiment_mean": 2 / 3 * log(2),
        "sentiment_last": log(2) / 3,
        "negative_sentiment_share": 0,
    },
    ("1", D2): {
        "reviews_7d": 1,  # on the first microsecond of the window
        "rating_mean": 17 / 5,  # 3, 5, 1, 4, and 4 after the correction
        "rating_last": 1,
        "low_rating_share": 1 / 5,
        "sentiment_mean": (log(2) + log(2) / 3 - log(2) + OLD_V5) / 4,
        "sentiment_last": -log(2),
        "negative_sentiment_share": 1 / 4,
    },
    ("3", D1): {"reviews_7d": 0, "reviews_182d": 0, "rating_mean": None, "sentiment_mean": None},
}
SERVICE: dict[tuple[str, date], dict[str, float | bool | None]] = {
    ("1", D1): {"tickets_7d": 2, "unanswered_tickets_count": 1, "first_reply_mean_hours": 6, "satisfaction_mean": 4},
    ("1", D2): {
        "tickets_7d": 1,
        "tickets_28d": 3,
        "unanswered_tickets_count": 1,
        "first_reply_mean_hours": 22,  # 6 and 38
        "satisfaction_mean": 2.5,
    },
    ("2", D1): {"tickets_7d": 0, "unanswered_tickets_count": 0, "first_reply_mean_hours": None},
    ("2", D2): {"tickets_28d": 1, "unanswered_tickets_count": 1},
}
COUPONS: dict[tuple[str, date], dict[str, float | bool | None]] = {
    ("1", D1): {
        "coupons_received_count": 3,
        "coupons_redeemed_count": 1,
        "coupons_expired_count": 0,
        "coupon_redeemed_share": 1 / 3,
    },
    ("1", D2): {"coupons_received_count": 4, "coupons_redeemed_count": 2, "coupons_expired_count": 1},
    ("2", D1): {"coupons_received_count": 0, "coupons_expired_count": 0, "coupon_redeemed_share": None},
}
CONTACTS: dict[tuple[str, date], dict[str, float | bool | None]] = {
    ("1", D1): {
        "contacts_7d": 1,
        "contacts_opened_7d": 1,
        "contacts_clicked_7d": 0,
        "contact_open_share": 1,
        "contact_click_share": 0,
        "days_since_contact": 1.625,
        "contacts_since_order_count": 0,
    },
    ("1", D2): {
        "contacts_7d": 1,
        "contacts_28d": 3,
        "contacts_opened_28d": 2,
        "contacts_clicked_28d": 1,
        "contact_open_share": 2 / 3,
        "days_since_contact": 7,
        "contacts_since_order_count": 2,
    },
    ("2", D1): {"contacts_7d": 0, "contacts_since_order_count": 0, "days_since_contact": None},
    ("6", D1): {"contacts_7d": 0, "contacts_since_order_count": None},  # never ordered
}
CASES = [
    (user, day, column, value)
    for family in (PROFILE, ORDERS, RETURNS, REVIEWS, SERVICE, COUPONS, CONTACTS)
    for (user, day), row in family.items()
    for column, value in row.items()
]


@pytest.mark.parametrize(("user", "day", "column", "value"), CASES, ids=str)
def test_feature(whole: Query, user: str, day: date, column: str, value: float | bool | None) -> None:
    sql = f"select {column} from features.user_features where user_id = ? and snapshot_date = ?"
    assert whole(sql, user, day) == [(None if value is None else pytest.approx(value),)]
