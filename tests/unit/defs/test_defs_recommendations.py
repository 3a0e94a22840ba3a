"""What is recommended to whom, from a few rows of the marts, as known at the snapshot 2026-06-15."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import polars as pl
import pytest

from churn_assets.contracts.recommended_items import RecommendedItems
from churn_assets.defs.recommendations import BASKET_PRODUCTS, recommendations_at
from churn_assets.defs.workplace import Workplace
from churn_assets.duck import duck

DAY = date(2026, 6, 15)
NOON = datetime(2026, 6, 15, 12)
TABLES = """
create schema marts; create schema staging;
create table marts.fct_orders (
  order_id varchar, user_id varchar, ordered_at timestamp, is_purchase boolean, known_at timestamp,
  superseded_at timestamp
);
create table marts.fct_order_items (
  order_id varchar, product_id varchar, category varchar, known_at timestamp, superseded_at timestamp
);
create table marts.fct_events (
  event_id varchar, user_id varchar, occurred_at timestamp, event_type varchar, known_at timestamp,
  superseded_at timestamp
);
create table staging.stg_events (event_id varchar, product_id varchar, occurred_at timestamp, known_at timestamp)
"""


class Shop:
    """A warehouse that holds what it is told; days count back from the snapshot, at noon."""

    def __init__(self, workplace: Workplace) -> None:
        self.workplace, self.rows = workplace, 0
        self.told: list[tuple[str, list[object]]] = [(TABLES, [])]

    def _insert(self, table: str, *values: object) -> None:
        self.told.append((f"insert into {table} values ({', '.join('?' for _ in values)})", list(values)))

    def bought(
        self, user: str, products: str, days: int = 40, *, category: str | None = None, is_purchase: bool = True,
        known_days: int | None = None,
    ) -> None:  # fmt: skip
        """One order of these products, separated by blanks."""
        self.rows += 1
        at, known = NOON - timedelta(days=days), NOON - timedelta(days=days if known_days is None else known_days)
        order = f"o{self.rows}"
        self._insert("marts.fct_orders", order, user, at, is_purchase, known, None)
        for product in products.split():
            self._insert("marts.fct_order_items", order, product, category, known, None)

    def saw(
        self, user: str, product: str, days: int = 5, kind: str = "view", *, known_days: int | None = None,
        superseded_days: int | None = None,
    ) -> None:  # fmt: skip
        self.rows += 1
        at, known = NOON - timedelta(days=days), NOON - timedelta(days=days if known_days is None else known_days)
        until = None if superseded_days is None else NOON - timedelta(days=superseded_days)
        event = f"e{self.rows}"
        self._insert("marts.fct_events", event, user, at, kind, known, until)
        self._insert("staging.stg_events", event, product, at, known)

    def items(self, *users: str) -> list[tuple[object, ...]]:
        """Product and source, in order of rank; of several users with the user first."""
        with duck(self.workplace.home.warehouse) as connection:
            for statement, values in self.told:
                connection.execute(statement, values)
        self.told.clear()
        found = recommendations_at(self.workplace, DAY, pl.Series(users, dtype=pl.String))
        RecommendedItems.validate(found, lazy=True)
        columns = ["product_id", "source"] if len(users) == 1 else ["user_id", "product_id", "source"]
        return found.select(columns).rows()


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
    assert shop.items("a") == [(each, "bought_together") for each in ("both", "near", "often")]


def test_nothing_bought_in_the_last_four_weeks_is_recommended(shop: Shop) -> None:
    for user in ("u1", "u2", "u3"):
        shop.bought(user, "x near next", category="c")
    shop.bought("a", "x", category="c")
    assert shop.items("a") == [("near", "bought_together"), ("next", "bought_together"), ("x", "popular")]
    shop.bought("a", "near", days=27, category="c")
    assert shop.items("a") == [("next", "bought_together"), ("x", "bought_together")]


def test_a_popular_product_is_of_the_favourite_category(shop: Shop) -> None:
    for user in ("u1", "u2"):
        shop.bought(user, "book", category="books")
        shop.bought(user, "shoe_2 shoe_1", category="shoes")
        shop.bought(user, "old_book", days=92, category="books")
    shop.bought("u3", "shoe_2", category="shoes")
    shop.bought("a", "novel", days=100, category="books")
    shop.bought("a", "poems", days=90, category="books")
    shop.bought("a", "boot", days=10, category="shoes")
    assert shop.items("a") == [("book", "popular"), ("poems", "popular")]
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
