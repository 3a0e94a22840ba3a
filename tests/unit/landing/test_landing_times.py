"""Times as people write them, in the zone they live in, and within bounds."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import polars as pl
import pytest

from tests.unit.landing.conftest import Shop

Orders = Callable[..., Shop]
READ = {
    "2026-11-01": "2026-11-01 00:00:00",
    "2026-11-01 09:15": "2026-11-01 09:15:00",
    "2026/11/1 9:15:00.123": "2026-11-01 09:15:00.123",
    "2026-11-01T09:15:00Z": "2026-11-01 09:15:00",
    "2026-11-01 09:15:00 +0800": "2026-11-01 01:15:00",
    "2026-11-01T10:00:00+08:00": "2026-11-01 02:00:00",
    "2026-11-01 09:15:00 -0500": "2026-11-01 14:15:00",
    "2026-11-01 09:15:00-05": "2026-11-01 14:15:00",
    "2026-11-01 09:15:00 UTC": "2026-11-01 09:15:00",
    "2026-11-01T09:15:00.000+0000": "2026-11-01 09:15:00",
    "'2026-11-01 24:00:00": "2026-11-02 00:00:00",
    "2026-11-01 09:15:00 CST": None,
    "2026-11-01 09:15:00 Asia/Shanghai": None,
    "26-10-20": None,
    "11/01/2026": None,
    "20261101": None,
    "1700000000": None,
    "2026-13-01": None,
    "2026-02-30": None,
    "infinity": None,
    "epoch": None,
    "now": None,
    "2026-11-01 09:15 PM": None,
}


@pytest.mark.parametrize(("text", "wanted"), READ.items())
def test_a_time_is_read_or_refused(orders: Orders, text: str, wanted: str | None) -> None:
    shop = orders(f"o1,u1,{text},5")
    if wanted is None:
        assert shop.refused("orders") == [("o1", "ordered_at is not a timestamp")]
    else:
        assert shop.rows("orders", "ordered_at::varchar") == [(wanted,)]


def test_times_without_an_offset_are_of_the_shops_zone_and_all_others_are_not(orders: Orders) -> None:
    shop = orders("o1,u1,2026-11-01 09:15:00,5", "o2,u1,2026-11-01 09:15:00Z,5", "o3,u1,2026-11-02,5")
    found = shop.rows("orders", "order_id, ordered_at::varchar", time_zone="Asia/Shanghai")
    assert found == [("o1", "2026-11-01 01:15:00"), ("o2", "2026-11-01 09:15:00"), ("o3", "2026-11-01 16:00:00")]


def test_typed_times_are_of_the_shops_zone_too(shop: Shop) -> None:
    shop.put("orders/a.parquet", pl.DataFrame({
        "order_id": ["o1"], "user_id": ["u1"], "ordered_at": [datetime(2026, 11, 1, 9, 15)], "amount": [5.0],
        "delivered_at": pl.Series([datetime(2026, 11, 2, 9)]).dt.replace_time_zone("UTC"),
    }))  # fmt: skip
    found = shop.rows("orders", "ordered_at::varchar, delivered_at::varchar", time_zone="Asia/Shanghai")
    assert found == [("2026-11-01 01:15:00", "2026-11-02 09:00:00")]


def test_the_hour_that_comes_twice_is_the_second_and_the_one_that_never_came_is_read_on(orders: Orders) -> None:
    shop = orders("twice,u1,2026-10-25 02:30:00,5", "never,u1,2026-03-29 02:30:00,5")
    found = shop.rows("orders", "order_id, ordered_at::varchar", time_zone="Europe/Berlin")
    assert found == [("never", "2026-03-29 01:30:00"), ("twice", "2026-10-25 01:30:00")]


def test_known_time_may_have_a_zone_of_its_own(orders: Orders) -> None:
    shop = orders("o1,u1,2026-11-01 09:15:00,5,2026-11-01 02:00:00", more="ingested_at")
    columns = "ordered_at::varchar, known_at::varchar"
    found = shop.rows("orders", columns, time_zone="Asia/Shanghai", ingested_time_zone="UTC")
    assert found == [("2026-11-01 01:15:00", "2026-11-01 02:00:00")]


@pytest.mark.parametrize(
    ("ordered_at", "ingested_at", "reason"),
    [
        ("0001-01-01 00:00:00", "", "ordered_at is before 1990-01-01"),
        ("1970-01-01 00:00:00", "", "ordered_at is before 1990-01-01"),
        ("1899-12-30", "", "ordered_at is before 1990-01-01"),
        ("9999-12-31", "", "ordered_at is more than 1 days after it became known"),
        ("2026-11-22 00:00:00", "", "ordered_at is more than 1 days after it became known"),
        ("2026-11-15 00:00:00", "2026-11-13 00:00:00", "ordered_at is more than 1 days after it became known"),
        ("2026-11-10 00:00:00", "1970-01-01 00:00:00", "ingested_at is before 1990-01-01"),
        ("2026-11-10 00:00:00", "2026-11-30 00:00:00", "ingested_at is more than 1 days after now"),
        ("2026-11-10 00:00:00", "soon", "ingested_at is not a timestamp"),
    ],
)
def test_times_have_bounds(orders: Orders, ordered_at: str, ingested_at: str, reason: str) -> None:
    shop = orders(f"o1,u1,{ordered_at},5,{ingested_at}", more="ingested_at")
    assert shop.refused("orders") == [("o1", reason)]


def test_bounds_are_settings(orders: Orders) -> None:
    shop = orders("o1,u1,1985-01-01,5")
    assert shop.refused("orders", earliest="1980-01-01") == []


def test_typed_times_have_bounds_too(shop: Shop) -> None:
    shop.put("orders/a.parquet", pl.DataFrame(
        {"order_id": ["o1"], "user_id": ["u1"], "ordered_at": [datetime(26, 10, 20)], "amount": [5.0]}))  # fmt: skip
    assert shop.refused("orders") == [("o1", "ordered_at is before 1990-01-01")]


@pytest.mark.parametrize(
    "text", ["", "NULL", "\\N", "NaT", "None", "0000-00-00", "0000-00-00 00:00:00", "0001-01-01T00:00:00", "nonsense",
             "9999-12-31", "1970-01-01"],
)  # fmt: skip
def test_an_optional_time_that_is_none_is_unknown_and_the_order_counts(orders: Orders, text: str) -> None:
    shop = orders(f"o1,u1,2026-11-01,5,{text}", more="delivered_at")
    ((delivered, unread),) = shop.rows("orders", "delivered_at, unread_columns")
    assert delivered is None
    is_word = text.lower() in ("", "null", "\\n", "nat", "none") or text.startswith("0000")
    assert unread == (None if is_word else "delivered_at")


def test_a_history_loaded_in_one_go_counts_from_when_it_happened(orders: Orders) -> None:
    shop = orders(
        "o1,u1,2026-05-01,5,2026-11-15 03:00:00", "o2,u1,2026-11-16,5,2026-11-16 03:00:00", more="ingested_at"
    )
    found = shop.rows("orders", "order_id, known_at::varchar", loaded_until="2026-11-15 03:00:00")
    assert found == [("o1", "2026-05-01 00:00:00"), ("o2", "2026-11-16 03:00:00")]
