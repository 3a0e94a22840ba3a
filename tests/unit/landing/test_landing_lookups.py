"""Columns from other files: a value that stands there once, a sum over lines; as `churn map` proposes, and read."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from churn_assets.duck import duck
from churn_assets.instance.home import Home
from churn_assets.landing import of_home
from churn_assets.landing.errors import LandingError
from churn_assets.landing.samples import samples_of
from churn_assets.landing.touched import fingerprints
from churn_assets.settings.load import SettingsError
from churn_assets.sources.propose import propose

COLUMNS = {
    "order_id": "order_id", "user_id": "customers.customer_unique_id", "ordered_at": "order_purchase_timestamp",
    "amount": {"sum": ["items.price", "items.quantity"]}, "status": "order_status",
}  # fmt: skip
Rows = Sequence[Sequence[object]]


def write(folder: Path, name: str, header: str, rows: Rows) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / name).open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header.split(","))
        writer.writerows(rows)


def shop(root: Path, items: Rows, customers: Rows | None = None, **table: Any) -> Home:
    """Three orders of two users, each under a customer id of its own, as Olist's platform writes them."""
    exports = root / "exports"
    orders = [(f"o{n}", f"c{n}", "delivered", f"2026-01-0{n + 1} 10:00:00") for n in range(3)]
    write(exports, "orders.csv", "order_id,customer_id,order_status,order_purchase_timestamp", orders)
    write(exports, "items.csv", "order_id,product_id,price,quantity", items)
    known = [(f"c{n}", f"u{n % 2}") for n in range(3)] if customers is None else customers
    write(exports, "customers.csv", "customer_id,customer_unique_id", known)
    lookups = {
        "items": {"files": str(exports / "items.csv"), "key": "order_id"},
        "customers": {"files": str(exports / "customers.csv"), "key": "customer_id"},
    }
    source = {"name": "shop", "files": str(exports / "orders.csv"), "lookups": lookups,
        "tables": {"orders": {"columns": COLUMNS | table}}}  # fmt: skip
    home = Home(root / "home").prepare()
    home.mapping_file.write_text(yaml.safe_dump({"sources": [source]}))
    return Home(home.root)


def orders(home: Home) -> pl.DataFrame:
    with duck() as connection:
        scan = of_home.landed(home).tables["orders"].scan
        return connection.sql(f"select order_id, user_id, amount, refused_because from {scan} order by order_id").pl()


ITEMS = [("o0", "p1", "10.00", 2), ("o0", "p2", "1.50", 1), ("o1", "p1", "10.00", 1), (" o2 ", "p1", "3", 3)]


def test_an_order_has_the_sum_of_its_lines_and_the_user_of_its_customer(tmp_path: Path) -> None:
    rows = orders(shop(tmp_path, ITEMS)).rows()
    assert [(order, user, float(amount)) for order, user, amount, _ in rows] == [
        ("o0", "u0", 21.5), ("o1", "u1", 10.0), ("o2", "u0", 9.0),
    ]  # fmt: skip


@settings(max_examples=25, deadline=None)  # each reads three files: 0.1 s
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(1, 99_999), st.integers(1, 9)), min_size=1, max_size=30))
def test_sums_are_exact(tmp_path_factory: pytest.TempPathFactory, lines: list[tuple[int, int, int]]) -> None:
    items = [(f"o{order}", "p", f"{cents // 100}.{cents % 100:02}", quantity) for order, cents, quantity in lines]
    amounts = {order: amount for order, _, amount, _ in orders(shop(tmp_path_factory.mktemp("shop"), items)).rows()}
    cents = [sum(price * count for order, price, count in lines if order == n) for n in range(3)]
    assert [round(100 * float(amounts[f"o{n}"] or 0)) for n in range(3)] == cents


def test_what_cannot_be_known_is_unknown_and_never_less(tmp_path: Path) -> None:
    """A line whose price cannot be read, an order without lines, a customer who is two users."""
    items = [("o0", "p1", "10.00", 1), ("o0", "p2", "n/a", 1), ("o2", "p1", "5", 1)]
    read = orders(shop(tmp_path, items, [("c0", "u0"), ("c1", "u1"), ("c2", "u2"), ("c2", "u3")]))
    assert read["amount"].to_list()[:2] == [None, None]
    assert read["user_id"].to_list() == ["u0", "u1", None]
    assert all(read["refused_because"].is_not_null())


def test_exports_of_everything_are_not_added_up(tmp_path: Path) -> None:
    """Each week a file with all lines so far: the last one that has an order counts."""
    home = shop(tmp_path, ITEMS)
    for week, lines in {"items_9": ITEMS, "items_10": [("o0", "p1", "10.00", 3), ("o2", "p1", "3", 3)]}.items():
        write(tmp_path / "exports", f"{week}.csv", "order_id,product_id,price,quantity", lines)
    text = home.mapping_file.read_text().replace("items.csv", "items_*.csv")
    home.mapping_file.write_text(text)
    assert [float(amount) for amount in orders(Home(home.root))["amount"]] == [30.0, 10.0, 9.0]


def test_a_lookup_that_changes_is_a_file_that_has_changed(tmp_path: Path) -> None:
    home = shop(tmp_path, ITEMS)
    before = fingerprints(home)
    assert len(before) == 3
    assert float(orders(home)["amount"][1]) == 10.0
    shop(tmp_path, [*ITEMS, ("o1", "p9", "0.55", 1)])
    assert [path for path, print_ in fingerprints(home).items() if before[path] != print_][-1].endswith("items.csv")
    assert float(orders(home)["amount"][1]) == 10.55


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        ({"amount": {"sum": ["items.prize"]}}, "did you mean price"),
        ({"user_id": "customers.unique"}, "no column unique"),
        ({"user_id": "customer.customer_unique_id"}, "has no column customer.customer_unique_id"),
    ],
)
def test_a_column_that_is_not_there_is_named(tmp_path: Path, table: dict[str, Any], reason: str) -> None:
    with pytest.raises(LandingError, match=reason) as raised:
        orders(shop(tmp_path, ITEMS, **table))
    assert "source shop" in str(raised.value)


@pytest.mark.parametrize(
    ("amount", "reason"),
    [
        ({"sum": ["lines.price"]}, "sum of lines, which is no name among lookups"),
        ({"sum": ["price"]}, "name columns of one lookup"),
        ({"sum": ["items.price", "customers.x"]}, "name columns of one lookup"),
    ],
)
def test_a_sum_is_of_one_lookup(tmp_path: Path, amount: dict[str, Any], reason: str) -> None:
    with pytest.raises(SettingsError, match=reason):
        _ = shop(tmp_path, ITEMS, amount=amount).mapping


def test_it_is_proposed_where_orders_have_no_sum_and_no_user_comes_twice(tmp_path: Path) -> None:
    """With the headers of Olist's export."""
    orders_ = [(f"o{n:04x}", f"c{n:04x}", "delivered", f"2026-01-{n % 28 + 1:02} 10:00:00") for n in range(60)]
    write(tmp_path, "olist_orders_dataset.csv", "order_id,customer_id,order_status,order_purchase_timestamp", orders_)
    lines = [(f"o{n:04x}", 1, f"p{n % 7}", "10.50", "3.00") for n in range(60)]
    write(tmp_path, "olist_order_items_dataset.csv", "order_id,order_item_id,product_id,price,freight_value", lines)
    people = [(f"c{n:04x}", f"u{n % 40:04x}", "01310", "sao paulo") for n in range(60)]
    header = "customer_id,customer_unique_id,customer_zip_code_prefix,customer_city"
    write(tmp_path, "olist_customers_dataset.csv", header, people)
    proposal = propose(samples_of([str(tmp_path)]).samples)
    (source,) = [each for each in proposal.sources if "orders" in each["tables"]]
    columns = source["tables"]["orders"]["columns"]
    assert columns["user_id"] == {"column": "olist_customers_dataset.customer_unique_id"}
    assert columns["amount"] == {"sum": ["olist_order_items_dataset.price"]}
    assert set(source["lookups"]) == {"olist_customers_dataset", "olist_order_items_dataset"}
    assert proposal.unread == ()
    assert any("users are known by customer_unique_id" in note for note in proposal.notes)
