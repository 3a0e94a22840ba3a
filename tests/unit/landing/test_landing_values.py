"""Amounts, statuses, event types, ids of nobody: read as they are written here, refused otherwise, never guessed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from churn_assets.duck import duck
from churn_assets.landing.inspect import inspect
from churn_assets.settings import Landing
from tests.unit.landing.conftest import NOW, Shop

Orders = Callable[..., Shop]
EURO: dict[str, Any] = {"decimal_separator": ",", "thousands_separator": ".", "currency_signs": ["€", "EUR"]}
DOLLAR: dict[str, Any] = {"thousands_separator": ",", "currency_signs": ["$"]}


@pytest.mark.parametrize(
    ("text", "settings", "wanted"),
    [
        ("12.50", {}, 12.5),
        ("1e2", {}, 100),
        ("$12.50", {}, None),
        ('"1,234.50"', {}, None),
        ('"12,50"', {}, None),
        ("1_000", {}, None),
        ("NaN", {}, None),
        ("inf", {}, None),
        ("$12.50", DOLLAR, 12.5),
        ('"$ 1,234.50"', DOLLAR, 1234.5),
        ('"1,5"', DOLLAR, None),  # no thousands
        ('"12,50 €"', EURO, 12.5),
        ('"EUR 1.234,50"', EURO, 1234.5),
        ("12.5", EURO, None),  # would be ten times as much
        ("1.234", EURO, 1234),
    ],
)
def test_an_amount_is_read_as_the_settings_say(
    orders: Orders, text: str, settings: dict[str, Any], wanted: float | None
) -> None:
    shop = orders(f"o1,u1,2026-11-01,{text}")
    if wanted is None:
        assert shop.refused("orders", **settings) == [("o1", "amount is not a decimal")]
    else:
        assert shop.rows("orders", "amount::double", **settings) == [(wanted,)]


@pytest.mark.parametrize("word", ["NULL", "\\N", "NaN", "None", "", "-", "n/a"])
def test_words_for_no_value_leave_an_optional_amount_unknown(orders: Orders, word: str) -> None:
    shop = orders(f"o1,u1,2026-11-01,5,{word}", more="discount_amount")
    assert shop.rows("orders", "discount_amount, unread_columns") == [(None, None)]


def test_an_optional_value_that_cannot_be_read_is_unknown_and_counted(orders: Orders) -> None:
    shop = orders("o1,u1,2026-11-01,5,ten", more="discount_amount")
    assert shop.rows("orders", "discount_amount, unread_columns") == [(None, "discount_amount")]


@pytest.mark.parametrize("word", ["0", "-1", "guest", "Guest", "ANONYMOUS", "游客"])
def test_ids_of_nobody_are_refused(orders: Orders, word: str) -> None:
    assert orders(f"o1,{word},2026-11-01,5").refused("orders") == [("o1", "user_id stands for nobody")]


@pytest.mark.parametrize("word", ["NULL", "nan", "None", "", " "])
def test_no_user_is_no_user(orders: Orders, word: str) -> None:
    assert orders(f"o1,{word},2026-11-01,5").refused("orders") == [("o1", "user_id is missing")]


@pytest.mark.parametrize(
    ("status", "is_purchase"),
    [
        ("completed", True), ("", True), ("something new", True), ("Cancelled", False), ("wc-cancelled", False),
        ("WC-Completed", True), ("CANCELED BY BUYER", False), ("voided", False), ("pending_payment", False),
        ("Pending Payment", False), ("TRADE_CLOSED", False), ("trade-finished", True), ("交易关闭", False),
        ("已取消", False), ("已取消（买家）", False), ("交易成功", True), ("refunded", False), ("test", False),
        ("partially-refunded", True),
    ],
)  # fmt: skip
def test_what_a_status_counts_as(orders: Orders, status: str, is_purchase: bool) -> None:
    shop = orders(f"o1,u1,2026-11-01,5,{status}", more="status")
    assert shop.rows("orders", "is_purchase") == [(is_purchase,)]


def test_a_type_of_event_may_be_written_otherwise_and_have_another_name(shop: Shop) -> None:
    shop.put("orders/a.csv", "order_id,user_id,ordered_at,amount\no1,u1,2026-11-01,5\n")
    words = ["View", "add-to-cart", "Product Viewed"]
    lines = [f"u1,2026-11-01 10:00:0{number},{word}" for number, word in enumerate(words)]
    shop.put("events/a.csv", "\n".join(["user_id,occurred_at,event_type", *lines]))
    found = shop.rows("events", "event_type", event_types={"product viewed": "view"})
    assert [word for (word,) in found] == ["add_to_cart", "view", "view"]


@pytest.mark.parametrize(
    ("column", "value", "is_purchase"),
    [("__deleted", "true", False), ("__deleted", "false", True), ("op", "d", False), ("op", "u", True),
     ("_change_type", "delete", False), ("_change_type", "insert", True), ("_fivetran_deleted", "True", False)],
)  # fmt: skip
def test_a_deleted_order_is_no_purchase(orders: Orders, column: str, value: str, is_purchase: bool) -> None:
    shop = orders(f"o1,u1,2026-11-01,5,{value}", more=column)
    assert shop.rows("orders", "is_purchase") == [(is_purchase,)]


def test_the_row_before_a_change_is_none_of_the_table(orders: Orders) -> None:
    shop = orders("o1,u1,2026-11-01,5,update_preimage", "o1,u1,2026-11-01,6,update_postimage", more="_change_type")
    assert shop.rows("orders", "amount::double") == [(6.0,)]
    assert shop.refused("orders") == [("o1", "_change_type says that the row is how it was before a change")]


@pytest.mark.parametrize("table", ["orders", "events", "consents"])
def test_reading_rows_joins_nothing(shop: Shop, table: str) -> None:
    """A list of words that becomes a join would be paid for by every query, whatever it asks for."""
    shop.put("orders/a.csv", "order_id,user_id,ordered_at,amount,status\no1,u1,2026-11-01,1,paid\n")
    shop.put("events/a.csv", "user_id,occurred_at,event_type,event_id,session_id\nu1,2026-11-01,view,e1,s1\n")
    shop.put("consents/a.csv", "user_id,channel,changed_at,is_granted,purpose\nu1,email,2026-11-01,yes,marketing\n")
    landed = inspect(str(shop.folder), None, Landing(), now=NOW)[table]
    with duck() as connection:
        plans = dict(connection.execute(f"explain select * from {landed.scan}").fetchall())
    assert "JOIN" not in plans["physical_plan"]
