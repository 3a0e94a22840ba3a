"""Web APIs that give rows a page at a time: servers of the test answer as Shopify, WooCommerce and others do, with
invented orders.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from churn_assets.command.mapping import map_files
from churn_assets.duck import duck
from churn_assets.instance.home import Home
from churn_assets.landing import of_home
from churn_assets.pulling.errors import PullError
from churn_assets.pulling.health import health
from churn_assets.pulling.pages import _as_safe
from churn_assets.pulling.pull import pull
from churn_assets.settings.load import SettingsError
from churn_assets.settings.mapping import load_mapping

SHOPIFY, WOO = "/admin/api/2026-10/orders.json", "/wp-json/wc/v3/orders"
ADDRESS = "/v1/orders"
START = datetime(2026, 2, 1, 10, tzinfo=UTC)
Row = dict[str, Any]


def shopify_order(number: int, total: str = "", changed: int | None = None) -> Row:
    created = START + timedelta(days=number)
    return {
        "id": 5_000_000_000_001 + number, "name": f"#{1001 + number}", "created_at": created.isoformat(),
        "updated_at": (START + timedelta(days=number if changed is None else changed)).isoformat(), "user_id": None,
        "total_price": total or f"{number}.50", "financial_status": "paid", "cancelled_at": None,
        "total_discounts": "0.00", "subtotal_price": f"{number}.00",
        "customer": {"id": 7_000_000_000_001 + number % 7, "email": f"a{number % 7}@example.org", "state": "enabled"},
        "line_items": [
            {"id": 2 * number + n, "product_id": 300 + n, "sku": f"S{n}", "quantity": n + 1, "price": "9.90"}
            for n in range(2)
        ],
        "refunds": [], "discount_codes": [{"code": "SPRING", "amount": "1.00"}],
    }  # fmt: skip


def woo_order(number: int) -> Row:
    created = (START + timedelta(days=number)).replace(tzinfo=None).isoformat()
    return {
        "id": 100 + number, "status": "completed", "total": f"{number}.25", "customer_id": number % 4,
        "date_created": created, "date_created_gmt": created, "date_modified_gmt": created, "discount_total": "0.00",
        "billing": {"email": f"b{number % 4}@example.org", "city": "Kiel"},
        "line_items": [{"id": 1, "name": "Tea", "product_id": 11, "quantity": 2, "price": 4.5, "total": "9.00"}],
    }  # fmt: skip


class Shop:
    """Answers a page of `rows` after another, by a Link header, and keeps what it was asked."""

    def __init__(self, server: HTTPServer, path: str, rows: Sequence[Row], inside: str = "", size: int = 15) -> None:
        self.rows, self.inside, self.size = list(rows), inside, size
        self.asked: list[Mapping[str, str]] = []
        self.before_page: Callable[[int], None] = lambda _: None
        self.changed_since, self.changed = "updated_at_min", "updated_at"
        server.expect_request(path).respond_with_handler(self.answer)

    def answer(self, request: Request) -> Response:
        self.asked.append({**request.args.to_dict(), "token": request.headers.get("X-Shopify-Access-Token", "")})
        page = int(request.args.get("page_info", "1"))
        self.before_page(page)
        since = request.args.get(self.changed_since, "")
        rows = [row for row in self.rows if not since or (row[self.changed] or "") >= since[:19]]
        part = rows[(page - 1) * self.size : page * self.size]
        following = request.base_url + f"?page_info={page + 1}" + (f"&{self.changed_since}={since}" if since else "")
        link = {"Link": f'<{following}>; rel="next"'} if page * self.size < len(rows) else {}
        body = {self.inside: part} if self.inside else part
        return Response(json.dumps(body), headers=link, content_type="application/json")


def mapped(home: Path, *urls: str) -> Home:
    assert map_files(home, urls, is_agreed=True, is_dry=False)
    return Home(home)


def landed(home: Home, table: str, columns: str) -> pl.DataFrame:
    with duck() as connection:
        scan = of_home.landed(home).tables[table].scan
        return connection.sql(f"select {columns}, known_at, refused_because from {scan} order by all").pl()


def rows_of(reads: Sequence[Any]) -> dict[str, int]:
    return {read.table: read.rows for read in reads}


def test_orders_of_shopify_from_an_address_to_rows_of_raw_tables(
    httpserver: HTTPServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = Shop(httpserver, SHOPIFY, [shopify_order(n) for n in range(40)], "orders")
    monkeypatch.setenv("CHURN_SOURCE_LOCALHOST_ORDERS_TOKEN", "shpat_1")
    home = mapped(tmp_path / "home", httpserver.url_for(SHOPIFY))
    (source,) = home.mapping.sources
    orders = {name: made.column for name, made in source.tables["orders"].columns.items()}
    assert {name: orders[name] for name in ("order_id", "user_id", "ordered_at", "amount", "status")} == {
        "order_id": "name", "user_id": "customer.id", "ordered_at": "created_at", "amount": "total_price",
        "status": "financial_status",
    }  # fmt: skip
    lines = source.tables["order_items"]
    assert (lines.each, lines.columns["product_id"].column) == ("line_items", "line_items.product_id")

    assert rows_of(pull(home)) == {"orders": 40, "order_items": 80}
    assert shop.asked[1]["status"] == "any"
    assert {asked["token"] for asked in shop.asked} == {"shpat_1"}
    first = landed(home, "orders", "order_id, user_id, amount, ordered_at, is_purchase").row(0, named=True)
    assert first["known_at"] == first["ordered_at"]
    assert (first["order_id"], first["user_id"], first["amount"]) == ("#1001", "7000000000001", 0.5)
    assert landed(home, "order_items", "order_id")["refused_because"].drop_nulls().to_list() == []
    assert [(each.name, each.problem) for each in health(home)] == [("localhost_orders", None)]


def test_later_only_what_has_changed_is_asked_for(httpserver: HTTPServer, tmp_path: Path) -> None:
    shop = Shop(httpserver, SHOPIFY, [shopify_order(n) for n in range(40)], "orders")
    home = mapped(tmp_path / "home", httpserver.url_for(SHOPIFY))
    pull(home)
    shop.asked.clear()
    shop.rows[3] = shopify_order(3, total="99.00", changed=41)
    shop.rows.append(shopify_order(40))
    assert rows_of(pull(home)) == {"orders": 2, "order_items": 2}
    newest = START + timedelta(days=39) - timedelta(hours=2)
    assert [asked["updated_at_min"] for asked in shop.asked] == [f"{newest:%Y-%m-%dT%H:%M:%SZ}"]
    changed = landed(home, "orders", "order_id, amount").filter(pl.col("order_id") == "#1004")
    assert changed.sort("known_at")["amount"].to_list() == [3.5, 99.0]

    shop.asked.clear()
    assert rows_of(pull(home)) == {"orders": 0, "order_items": 0}
    assert shop.asked[0]["updated_at_min"] == f"{START + timedelta(days=41, hours=-2):%Y-%m-%dT%H:%M:%SZ}"


def test_orders_of_woocommerce_are_those_of_its_customers_and_of_guests(httpserver: HTTPServer, tmp_path: Path) -> None:
    shop = Shop(httpserver, WOO, [woo_order(n) for n in range(20)])
    home = mapped(tmp_path / "home", httpserver.url_for(WOO))
    assert rows_of(pull(home)) == {"orders": 20, "order_items": 20}
    assert (shop.asked[0]["orderby"], shop.asked[0]["dates_are_gmt"]) == ("id", "true")
    orders = landed(home, "orders", "order_id, user_id, amount")
    refused = orders.filter(pl.col("refused_because").is_not_null())
    assert (len(orders), len(refused)) == (20, 5)
    assert orders.filter(pl.col("order_id") == "101")["amount"].to_list() == [1.25]


def test_customers_of_shopify_bring_their_consents(httpserver: HTTPServer, tmp_path: Path) -> None:
    path = "/admin/api/2026-10/customers.json"
    customers = [
        {
            "id": 7_000_000_000_001 + number, "email": f"a{number}@example.org", "created_at": START.isoformat(),
            "updated_at": START.isoformat(), "orders_count": 3, "state": "enabled", "phone": None,
            "email_marketing_consent": {
                "state": "subscribed" if number % 2 else "not_subscribed", "opt_in_level": "single_opt_in",
                "consent_updated_at": (START + timedelta(days=number)).isoformat(),
            },
        }
        for number in range(8)
    ]  # fmt: skip
    Shop(httpserver, path, customers, "customers")
    Shop(httpserver, SHOPIFY, [shopify_order(n) for n in range(20)], "orders")
    home = mapped(tmp_path / "home", httpserver.url_for(SHOPIFY), httpserver.url_for(path))
    assert [source.name for source in home.mapping.sources] == ["localhost_orders", "localhost_customers"]
    assert rows_of(pull(home)) == {"orders": 20, "order_items": 40, "users": 8, "consents": 8}
    consents = landed(home, "consents", "user_id, email_consent, changed_at")
    assert consents.select("user_id", "email_consent").row(1) == ("7000000000002", True)
    assert consents["email_consent"].sum() == 4
    assert consents["changed_at"][1] == (START + timedelta(days=1)).replace(tzinfo=None)
    assert set(landed(home, "users", "user_id")["user_id"]) >= set(landed(home, "orders", "user_id")["user_id"])


def test_rows_that_move_to_another_page_while_they_are_read_count_once_as_they_were_last(
    httpserver: HTTPServer, tmp_path: Path
) -> None:
    shop = Shop(httpserver, SHOPIFY, [shopify_order(n) for n in range(40)], "orders")
    home = mapped(tmp_path / "home", httpserver.url_for(SHOPIFY))

    def one_more(page: int) -> None:
        if page == 2:  # the newest stands first, so that the last of page 1 comes again, with another sum
            shop.rows[14] = shopify_order(14, total="77.00")
            shop.rows.insert(0, shopify_order(99))

    shop.before_page = one_more
    assert rows_of(pull(home))["orders"] == 40
    orders = landed(home, "orders", "order_id, amount")
    assert orders["refused_because"].drop_nulls().to_list() == []
    assert orders.filter(pl.col("order_id") == "#1015")["amount"].to_list() == [77.0]


def test_the_ways_to_a_next_page(httpserver: HTTPServer, tmp_path: Path) -> None:
    rows = [shopify_order(n) for n in range(10)]

    def answer(request: Request) -> Response:
        start = int(request.args.get("cursor") or 3 * (int(request.args.get("page", "1")) - 1))
        part, following = rows[start : start + 3], start + 3 if start + 3 < len(rows) else None
        address = request.base_url + f"?cursor={following}" if following else None
        return Response(json.dumps({"data": {"items": part}, "links": {"next": address}, "meta": {"after": following}}))

    httpserver.expect_request(ADDRESS).respond_with_handler(answer)
    ways = (
        {"next_address": "links.next"},
        {"next_token": "meta.after", "token_parameter": "cursor"},
        {"page_parameter": "page"},
    )
    for number, way in enumerate(ways):
        home = stated(tmp_path / str(number), httpserver.url_for(ADDRESS), {"rows": "data.items", **way})
        assert rows_of(pull(home)) == {"orders": 10}, way
    proposed = load_mapping(mapped(tmp_path / "proposed", httpserver.url_for(ADDRESS)).mapping_file)
    pages = proposed.sources[0].pages
    assert pages is not None
    assert (pages.rows, pages.next_address) == ("data.items", "links.next")


def stated(root: Path, uri: str, pages: Mapping[str, Any]) -> Home:
    columns = {"order_id": "id", "user_id": "customer.id", "ordered_at": "created_at", "amount": "total_price"}
    source = {"name": "api", "uri": uri, "pages": dict(pages), "tables": {"orders": {"columns": columns}}}
    home = Home(root).prepare()
    home.mapping_file.write_text(yaml.safe_dump({"sources": [source]}))
    return home


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (Response("[{}]", headers={"Link": '<http://elsewhere.example/x>; rel="next"'}), "on another host"),
        (Response("[{}]", headers={"Link": f'<{ADDRESS}>; rel="next"'}), "was read already"),
        (Response("[{}]", headers={"Link": '<http://shop.example:none/x>; rel="next"'}), "cannot be read"),
        (Response("<html>"), "answers no JSON"),
        (Response("[" * 100_000), "answers no JSON"),
        (Response('{"orders": [{"id": 1}]}'), "no list of objects is in its answer"),
        (Response('[{"id": NaN}]'), "answers no JSON"),
        (Response("[1, 2]"), "no list of objects"),
        (Response("", status=401), "CHURN_SOURCE_API_TOKEN"),
        (Response("", status=302, headers={"Location": "http://elsewhere.example/"}), "answers 302"),
        (Response("", status=404), "no such file"),
    ],
)  # fmt: skip
def test_an_answer_that_cannot_be_read_is_one_message_and_leaves_nothing_behind(
    httpserver: HTTPServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: Response, reason: str
) -> None:
    monkeypatch.setenv("CHURN_SOURCE_API_TOKEN", "secret")
    httpserver.expect_request(ADDRESS).respond_with_response(answer)
    home = stated(tmp_path, httpserver.url_for(ADDRESS), {})
    with pytest.raises(PullError, match=reason) as raised:
        pull(home)
    assert "source api" in str(raised.value)
    assert "secret" not in str(raised.value)
    assert list(home.root.glob("pulled/**/*.parquet")) == []


def test_a_time_of_the_future_hides_no_later_rows_and_one_row_without_a_time_stops_nothing(
    httpserver: HTTPServer, tmp_path: Path
) -> None:
    rows = [shopify_order(1) | {"updated_at": "2999-01-01T00:00:00Z"}, shopify_order(2) | {"updated_at": None}]
    shop = Shop(httpserver, SHOPIFY, [*rows, shopify_order(3)], "orders")
    home = mapped(tmp_path / "home", httpserver.url_for(SHOPIFY))
    assert rows_of(pull(home))["orders"] == 3
    shop.asked.clear()
    pull(home)
    since = datetime.fromisoformat(shop.asked[0]["updated_at_min"])
    assert timedelta(hours=1) < datetime.now(UTC) - since < timedelta(hours=3)


@pytest.mark.parametrize(
    ("pages", "reason"),
    [
        ({"page_parameter": "page"}, "a page has the rows of pages before"),
        ({"page_parameter": "page", "id": "number"}, "a page has the rows of pages before"),
        ({"changed": "modified", "changed_since": "since"}, "no row has a time in modified"),
    ],
)
def test_a_server_that_does_not_know_the_parameter_ends_the_reading(
    httpserver: HTTPServer, tmp_path: Path, pages: Mapping[str, Any], reason: str
) -> None:
    httpserver.expect_request(ADDRESS).respond_with_json([shopify_order(n) for n in range(3)])
    with pytest.raises(PullError, match=reason):
        pull(stated(tmp_path, httpserver.url_for(ADDRESS), pages))


def test_a_shop_behind_a_proxy_says_http_of_itself_and_is_asked_as_before() -> None:
    assert _as_safe("http://shop.example/x?page=2", "https://shop.example/x") == "https://shop.example/x?page=2"
    assert _as_safe("http://elsewhere.example/x", "https://shop.example/x") == "http://elsewhere.example/x"


def test_a_shop_without_orders_yet_is_read_again_later(httpserver: HTTPServer, tmp_path: Path) -> None:
    shop = Shop(httpserver, ADDRESS, [])
    home = stated(tmp_path, httpserver.url_for(ADDRESS), {})
    assert rows_of(pull(home)) == {"orders": 0}
    shop.rows.append(shopify_order(1))
    assert rows_of(pull(home)) == {"orders": 1}


def test_a_server_that_wants_to_be_asked_later_is(httpserver: HTTPServer, tmp_path: Path) -> None:
    httpserver.expect_ordered_request(ADDRESS).respond_with_data("", status=429, headers={"Retry-After": "1"})
    httpserver.expect_ordered_request(ADDRESS).respond_with_json([shopify_order(1)])
    assert rows_of(pull(stated(tmp_path, httpserver.url_for(ADDRESS), {}))) == {"orders": 1}


@pytest.mark.parametrize(
    ("pages", "reason"),
    [
        ({"page_parameter": "page", "next_address": "next"}, "two ways to the next page"),
        ({"next_token": "next"}, "belong together"),
        ({"changed": "updated_at"}, "belong together"),
        ({"row": "orders"}, "did you mean rows"),
    ],
)
def test_wrong_words_about_pages(tmp_path: Path, pages: Mapping[str, Any], reason: str) -> None:
    with pytest.raises(SettingsError, match=reason):
        _ = stated(tmp_path, "https://shop.example/v1/orders", pages).mapping
