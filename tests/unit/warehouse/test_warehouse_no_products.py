"""Postage, deposit and gift wrap: told by name, or learned from the orders."""

from __future__ import annotations

import pytest

from churn_assets.workplace import Workplace
from tests.unit.warehouse.shop_of_marts import Shop


@pytest.fixture
def shop(workplace: Workplace) -> Shop:
    return Shop(workplace)


def test_what_is_no_product_is_told_by_name_or_id(shop: Shop) -> None:
    shop.describes("p1", "Gift-Wrap")
    shop.describes("p2", "Gift wrap for experts (book)")
    shop.describes("p3", "GIFT  WRAP")
    shop.bought("a", "POST p2")
    told = "named in decisions.no_products"
    assert shop.no_products("gift wrap", "post") == {"POST": told, "p1": told, "p3": told}
    assert shop.no_products() == {}


def test_what_is_no_product_is_learned_from_two_of_three_signs(shop: Shop) -> None:
    """40 orders of a product each at 100, bread in 30 of them: one sign alone proves nothing."""
    for number in range(40):
        shop.bought("u", f"p{number}{' bread' * (number < 30)}", days=50, category="c", price=100)
    shop.bought("u", "pencil", days=50, category="c", price=5)
    shop.bought("u", "new", days=50, price=100)
    assert shop.no_products() == {}
    shop.bought("u", "bag", days=50, price=5)
    assert shop.no_products() == {"bag": "without category and of a tiny price"}
    shop.describes("bag", category="c")
    assert shop.no_products() == {}, "products says its category"


def test_what_is_in_most_orders_and_nearly_free_is_no_product(shop: Shop) -> None:
    for number in range(20):
        shop.bought("u", f"p{number}", days=50, category="c", price=100)
    for number in range(18):
        shop.adds(f"o{number + 1}", "deposit", category="c", price=0.25)
    assert shop.no_products() == {"deposit": "in most orders and of a tiny price"}


def test_of_few_orders_nothing_is_learned(shop: Shop) -> None:
    for number in range(19):
        shop.bought("u", f"p{number} deposit", days=50, category=None if number else "c", price=1)
    assert shop.no_products() == {}
