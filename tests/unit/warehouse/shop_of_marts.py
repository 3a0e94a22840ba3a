"""The marts that recommendations read, filled row by row, as known at the snapshot 2026-06-15."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

import polars as pl

from churn_assets.contracts.recommended_items import RecommendedItems
from churn_assets.duck import duck
from churn_assets.warehouse.no_products import no_products_at
from churn_assets.warehouse.recommendations import recommendations_at
from churn_assets.workplace import Workplace

DAY = date(2026, 6, 15)
NOON = datetime(2026, 6, 15, 12)
TABLES = """
create schema marts; create schema staging;
create table marts.fct_orders (
  order_id varchar, user_id varchar, ordered_at timestamp, is_purchase boolean, known_at timestamp,
  superseded_at timestamp
);
create table marts.fct_order_items (
  order_id varchar, product_id varchar, category varchar, unit_price decimal(18, 4), known_at timestamp,
  superseded_at timestamp
);
create table marts.dim_products (
  product_id varchar, name varchar, url varchar, image_url varchar, category varchar, price decimal(18, 4),
  known_at timestamp, superseded_at timestamp
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
        known_days: int | None = None, price: float | None = None,
    ) -> None:  # fmt: skip
        """One order of these products, separated by blanks."""
        self.rows += 1
        at, known = NOON - timedelta(days=days), NOON - timedelta(days=days if known_days is None else known_days)
        order = f"o{self.rows}"
        self._insert("marts.fct_orders", order, user, at, is_purchase, known, None)
        for product in products.split():
            self._insert("marts.fct_order_items", order, product, category, price, known, None)

    def adds(self, order: str, product: str, *, category: str | None, price: float) -> None:
        """A line more to an order."""
        known = NOON - timedelta(days=50)
        self._insert("marts.fct_order_items", order, product, category, price, known, None)

    def describes(
        self, product: str, name: str | None = None, *, url: str | None = None, category: str | None = None,
        known_days: int = 90, superseded_days: int | None = None,
    ) -> None:  # fmt: skip
        """A row of products."""
        until = None if superseded_days is None else NOON - timedelta(days=superseded_days)
        known = NOON - timedelta(days=known_days)
        self._insert("marts.dim_products", product, name, url, url and f"{url}.jpg", category, None, known, until)

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

    def build(self) -> None:
        with duck(self.workplace.home.warehouse) as connection:
            for statement, values in self.told:
                connection.execute(statement, values)
        self.told.clear()

    def recommended(self, *users: str, no_products: Sequence[str] = ()) -> pl.DataFrame:
        self.build()
        found = recommendations_at(self.workplace, DAY, pl.Series(users, dtype=pl.String), no_products)
        RecommendedItems.validate(found, lazy=True)
        return found

    def items(self, *users: str, no_products: Sequence[str] = ()) -> list[tuple[object, ...]]:
        """Product and source, in order of rank; of several users with the user first."""
        columns = ["product_id", "source"] if len(users) == 1 else ["user_id", "product_id", "source"]
        return self.recommended(*users, no_products=no_products).select(columns).rows()

    def no_products(self, *words: str) -> dict[str, str]:
        self.build()
        return dict(no_products_at(self.workplace, DAY, words).rows())
