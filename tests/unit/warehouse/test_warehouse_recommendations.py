"""What is recommended to whom, from a few rows of the marts, as known at the snapshot 2026-06-15."""

from __future__ import annotations

import pytest

from churn_assets.warehouse.recommendations import BASKET_PRODUCTS
from churn_assets.workplace import Workplace
from tests.unit.warehouse.shop_of_marts import Shop


@pytest.fixture
def shop(workplace: Workplace) -> Shop:
    return Shop(workplace)


def test_of_nothing_nothing_is_recommended(shop: Shop) -> None:
    assert shop.items("a") == []
    assert shop.items() == []


def test_the_latest_two_products_seen_and_never_bought_come_first(shop: Shop) -> None:
    shop.saw("a", "old", days=20)
    shop.saw("a", "newer", days=10, kind="favorite")
    shop.saw("a", "newest", days=2, kind="add_to_cart")
    shop.saw("a", "put_back", days=1, kind="remove_from_cart")
    shop.saw("a", "long_ago", days=29)
    shop.saw("b", "of_another", days=1)
    assert shop.items("a") == [("newest", "viewed"), ("newer", "viewed")]


def test_what_was_bought_is_no_longer_looked_for(shop: Shop) -> None:
    shop.saw("a", "had", days=5)
    shop.saw("a", "cancelled", days=6)
    shop.saw("a", "tied_2", days=7)
    shop.saw("a", "tied_1", days=7)
    shop.bought("a", "had", days=400)
    shop.bought("a", "cancelled", days=3, is_purchase=False)
    assert shop.items("a") == [("cancelled", "viewed"), ("tied_1", "viewed")]


def test_what_goes_together_ranks_by_cosine_summed_over_the_users_own_products(shop: Shop) -> None:
    """`often`: 3 / sqrt(4 * 9) = 0.5; `near`: 3 / sqrt(4 * 3) = 0.87; `both` of x and y: 3 / sqrt(4 * 6) twice = 1.22;
    two users are too few for `rare`, 2 / sqrt(4 * 2) = 0.71."""
    for user in ("u1", "u2", "u3"):
        shop.bought(user, "x near often")
        shop.bought(user, "x both")  # x is counted once per user
        shop.bought(user.replace("u", "v"), "y both")
        shop.bought(user.replace("u", "w"), "often")
        shop.bought(user.replace("u", "z"), "often")
    shop.bought("u1", "rare")
    shop.bought("u2", "rare")
    shop.bought("a", "x y")
    assert shop.items("a") == [
        *[(each, "bought_together") for each in ("both", "near", "often")], ("rare", "popular")
    ]  # fmt: skip


def test_what_a_user_has_is_not_called_new_to_them(shop: Shop) -> None:
    for user in ("u1", "u2", "u3"):
        shop.bought(user, "x near next", category="c")
    shop.bought("a", "x", category="c")
    assert shop.items("a") == [("near", "bought_together"), ("next", "bought_together")]
    shop.bought("a", "near", days=400, category="c")
    assert shop.items("a") == [("next", "bought_together")]


def test_what_was_bought_again_and_again_comes_back_after_four_weeks(shop: Shop) -> None:
    for days in (120, 60, 29):
        shop.bought("a", "soap", days=days)
    shop.bought("a", "tea", days=100)
    shop.bought("a", "tea", days=30)
    shop.bought("a", "milk", days=90)
    shop.bought("a", "milk", days=28)  # too lately
    shop.bought("a", "kettle", days=90)  # once is no habit
    shop.bought("a", "sock sock", days=80)  # twice in one order is once
    shop.bought("a", "hat", days=190)  # too long ago to count
    shop.bought("a", "hat", days=80)
    assert shop.items("a") == [("soap", "bought_before"), ("tea", "bought_before")]


def test_every_way_gives_three_items_at_most_in_order(shop: Shop) -> None:
    for user in ("u1", "u2", "u3"):
        shop.bought(user, "x t1 t2 t3 t4", category="c")
    for number in range(9):
        shop.bought(f"v{number}", "p1 p2 p3 p4", category="c")
    for product in ("x", "b1", "b2", "b3", "b4"):
        shop.bought("a", product, days=50, category="c")
        shop.bought("a", product, days=60, category="c")
    for number in range(4):
        shop.saw("a", f"s{number}", days=number + 1)
    shop.saw("a", "t1", days=1)
    sources = [source for _, source in shop.items("a")]
    assert sources == ["viewed"] * 2 + ["bought_together"] * 3 + ["bought_before"] * 3 + ["popular"] * 3
    assert ("t1", "bought_together") not in shop.items("a"), "it is named for what the user did themselves"


def test_an_item_has_the_name_of_its_newest_version(shop: Shop) -> None:
    for product in ("kettle", "odd", "brace"):
        shop.saw("a" if product == "kettle" else product, product)
    shop.describes("kettle", "Old kettle", superseded_days=20)
    shop.describes("kettle", "Red kettle", url="https://e.org/k", known_days=20)
    shop.describes("kettle", "Not yet", known_days=0)
    shop.describes("odd", "two\nlines", url="javascript:alert(1)")
    shop.describes("brace", "a {slot}")
    columns = ["product_id", "name", "url", "image_url"]
    assert shop.recommended("a", "odd", "brace").select(columns).rows() == [
        ("kettle", "Red kettle", "https://e.org/k", "https://e.org/k.jpg"),
        ("brace", None, None, None), ("odd", None, None, None),
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["p0", " p0 ", "  ", "-", "...", "x" * 121, "长" * 250])
def test_what_names_nothing_is_no_name(shop: Shop, name: str) -> None:
    shop.saw("a", "p0")
    shop.describes("p0", name)
    assert shop.recommended("a")["name"].to_list() == [None]


@pytest.mark.parametrize("name", ["4711", "竹纤维毛巾", '<b>Lamp</b> & "co"', "=1+1"])
def test_a_name_is_what_the_shop_calls_the_product(shop: Shop, name: str) -> None:
    shop.saw("a", "p0")
    shop.describes("p0", name)
    assert shop.recommended("a")["name"].to_list() == [name]


@pytest.mark.parametrize(("alike", "is_name"), [(4, True), (5, True), (6, False), (10, False)])
def test_one_name_for_most_products_is_a_placeholder(shop: Shop, alike: int, *, is_name: bool) -> None:
    """Up to half of them may share a name, as the sizes of one shirt do."""
    shop.saw("a", "p0")
    for number in range(10):
        shop.describes(f"p{number}", ("article", "Article ")[number % 2] if number < alike else f"name {number}")
    assert shop.recommended("a")["name"].to_list() == (["article"] if is_name else [None])


def test_of_a_few_products_all_may_have_one_name(shop: Shop) -> None:
    shop.saw("a", "p0")
    for number in range(4):
        shop.describes(f"p{number}", "Tee")
    assert shop.recommended("a")["name"].to_list() == ["Tee"]


def test_no_product_is_recommended_whichever_way_it_would_come(shop: Shop) -> None:
    for user in ("u1", "u2", "u3"):
        shop.bought(user, "x postage", category="c")
    shop.bought("a", "x", category="c")
    for days in (90, 60):
        shop.bought("b", "postage", days=days, category="c")
    shop.saw("c", "postage")
    assert {product for _, product, _ in shop.items("a", "b", "c")} == {"postage", "x"}
    assert {product for _, product, _ in shop.items("a", "b", "c", no_products=["postage"])} == {"x"}


def test_a_popular_product_is_of_the_favourite_category(shop: Shop) -> None:
    for user in ("u1", "u2"):
        shop.bought(user, "book", category="books")
        shop.bought(user, "shoe_2 shoe_1", category="shoes")
        shop.bought(user, "old_book", days=92, category="books")
    shop.bought("u3", "shoe_2", category="shoes")
    shop.bought("a", "novel", days=100, category="books")
    shop.bought("a", "poems", days=90, category="books")
    shop.bought("a", "boot", days=10, category="shoes")
    assert shop.items("a") == [("book", "popular")]
    assert shop.items("stranger") == [("shoe_2", "popular"), ("book", "popular"), ("shoe_1", "popular")]


@pytest.mark.parametrize(
    ("days", "known_days", "superseded_days", "is_seen"),
    [(1, 1, None, True), (1, 0, None, False), (0, 1, None, False), (9, 8, 1, False), (9, 8, 0, True)],
)
def test_what_happens_or_is_told_at_the_snapshot_is_not_seen(
    days: int, known_days: int, superseded_days: int | None, is_seen: bool, shop: Shop
) -> None:
    """Noon of the day 0 is after the snapshot."""
    shop.saw("a", "p", days, known_days=known_days, superseded_days=superseded_days)
    assert shop.items("a") == [("p", "viewed")] * is_seen
    if superseded_days is None:
        shop.bought("b", "q", days, known_days=known_days)
        assert shop.items("stranger") == [("q", "popular")] * is_seen


def test_of_a_large_basket_the_newest_products_count(shop: Shop) -> None:
    """Two resellers bought `first` long before all else, and `last` yesterday."""
    for user in ("u1", "u2"):
        shop.bought(user, "first", days=60)
        shop.bought(user, " ".join(f"n{number}" for number in range(BASKET_PRODUCTS - 2)), days=50)
        shop.bought(user, "last x", days=1)
    shop.bought("u3", "first last x", days=40)
    shop.bought("a", "x", days=40)
    assert shop.items("a")[0] == ("last", "bought_together")
    assert ("first", "bought_together") not in shop.items("a")


def test_the_same_rows_give_the_same_items_whatever_the_order_of_users(shop: Shop) -> None:
    everyone = [f"u{number}" for number in range(9)]
    for number, user in enumerate(everyone):
        shop.bought(user, " ".join(f"p{(number + step) % 7}" for step in range(5)), category=f"c{number % 2}")
        shop.saw(user, f"q{number % 3}")
    found = shop.items(*everyone)
    assert len({user for user, *_ in found}) == len(everyone)
    assert shop.items(*reversed(everyone), "u0") == found
