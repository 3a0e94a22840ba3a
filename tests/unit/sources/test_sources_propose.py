"""Exports of many systems, as `churn map` understands them: invented rows under headers that these systems write."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from churn_assets.landing.samples import samples_of
from churn_assets.sources.propose import Proposal, propose

EXPORTS = Path(__file__).parents[2] / "fixtures" / "exports"
# Of each file: raw table -> column of the raw contract -> header, or what else it is made of.
EXPECTED: dict[str, dict[str, dict[str, Any]]] = {
    "shopify_orders_export_1.csv": {
        "orders": {"order_id": "Name", "user_id": {"hash": "Email"}, "ordered_at": "Created at", "amount": "Total"},
        "order_items": {"order_id": "Name", "product_id": "Lineitem sku"},
        "consents": {"is_granted": "Accepts Marketing", "changed_at": "Created at", "channel": {"constant": "email"}},
    },
    "shopify_customers_export.csv": {
        "users": {"user_id": "Customer ID", "email": "Email"},
        "consents": {"is_granted": "Accepts Email Marketing", "changed_at": {"file_time": True}},
    },
    "shopify_bulk_orders.jsonl": {
        "orders": {"order_id": "id", "user_id": "customer.id", "ordered_at": "createdAt",
                   "amount": "currentTotalPriceSet.shopMoney.amount", "status": "displayFinancialStatus"},
        "order_items": {"order_id": "__parentId", "product_id": "sku", "quantity": "quantity",
                        "unit_price": "originalUnitPriceSet.shopMoney.amount"},
    },
    "woocommerce_orders.csv": {
        "orders": {
            "order_id": "Order ID", "user_id": "Customer User ID", "amount": "Order Total Amount",
            "ordered_at": {"column": "Order Date", "format": "%d.%m.%Y %H:%M"}, "status": "Order Status",
        },
        "order_items": {"order_id": "Order ID", "product_id": "SKU"},
    },
    "taobao_ExportOrderList.csv": {
        "orders": {
            "order_id": "订单编号", "user_id": "买家会员名", "ordered_at": "订单创建时间",
            "amount": "买家实际支付金额", "status": "订单状态",
        },
    },
    "ga4_events_20261101.json": {
        "events": {
            "user_id": "user_id", "occurred_at": {"column": "event_timestamp", "epoch": "microseconds"},
            "event_type": {"column": "event_name", "words": {"view_item": "view"}},
            "session_id": {"param": "ga_session_id"}, "product_id": "items.0.item_id",
        },
    },
    "magento.csv": {
        "orders": {
            "order_id": "ID", "user_id": {"hash": "Customer Email"}, "amount": "Grand Total (Purchased)",
            "ordered_at": {"column": "Purchase Date", "format": "%b %d, %Y, %I:%M:%S %p"}, "status": "Status",
        },
    },
    "bigcommerce.csv": {
        "orders": {
            "order_id": "Order ID", "user_id": "Customer ID", "amount": "Order Total (inc tax)",
            "ordered_at": {"column": "Order Date", "format": "%m/%d/%Y"},
        },
    },
    "square_items.csv": {
        "orders": {
            "order_id": "Transaction ID", "user_id": "Customer ID", "amount": "Net Sales",
            "ordered_at": {"join": ["Date", "Time"], "between": " ", "format": "%m/%d/%y %H:%M:%S"},
        },
        "order_items": {"product_id": "SKU", "quantity": "Qty"},
    },
    "online_retail.csv": {
        "orders": {
            "order_id": "InvoiceNo", "user_id": "CustomerID", "amount": {"multiply": ["UnitPrice", "Quantity"]},
            "ordered_at": {"column": "InvoiceDate", "format": "%m/%d/%Y %H:%M"},
        },
        "order_items": {"order_id": "InvoiceNo", "product_id": "StockCode", "unit_price": "UnitPrice"},
    },
    "olist_items.csv": {"order_items": {"order_id": "order_id", "product_id": "product_id", "unit_price": "price"}},
    "amazon.tsv": {
        "orders": {"order_id": "amazon-order-id", "user_id": {"hash": "buyer-email"}, "ordered_at": "purchase-date"},
        "order_items": {"order_id": "amazon-order-id", "product_id": "sku"},
    },
    "etsy.csv": {"orders": {"order_id": "Order ID", "user_id": "Buyer User ID", "amount": "Order Total"}},
    "shopee.csv": {
        "orders": {"order_id": "Order ID", "user_id": "Username (Buyer)", "ordered_at": "Order Creation Date",
                   "amount": "Order Total"},
        "order_items": {"unit_price": "Deal Price", "quantity": "Quantity"},
    },
    "jd.csv": {"orders": {"order_id": "订单号", "user_id": "下单帐号", "ordered_at": "下单时间"},
               "order_items": {"product_id": "商品ID", "quantity": "订购数量"}},
    "wechat_mini.csv": {
        "orders": {"order_id": "订单编号", "user_id": "用户ID", "ordered_at": "下单时间", "amount": "实付金额"},
        "order_items": {"product_id": "商品编码", "unit_price": "商品单价"},
    },
    "segment_tracks.json": {
        "events": {
            "user_id": "userId", "occurred_at": "timestamp", "event_id": "messageId",
            "event_type": {"column": "event", "words": {"Product Added": "add_to_cart", "Product Viewed": "view"}},
        },
    },
    "snowplow.tsv": {"events": {"user_id": "user_id", "occurred_at": "collector_tstamp", "event_type": "event"}},
    "retailrocket.csv": {
        "events": {"user_id": "visitorid", "occurred_at": {"column": "timestamp", "epoch": "milliseconds"}},
    },
    "klaviyo_profiles.csv": {
        "users": {"user_id": "Klaviyo ID", "email": "Email"},
        "consents": {"is_granted": "Email Marketing Consent", "changed_at": "Email Marketing Consent Timestamp"},
    },
    "unsubscribed_email_audience_export_1.csv": {
        "consents": {
            "user_id": {"hash": "Email Address"}, "is_granted": {"constant": "no"}, "changed_at": "UNSUB_TIME",
        },
    },
    "zendesk.csv": {"support_tickets": {"ticket_id": "Ticket ID", "opened_at": "Created at", "closed_at": "Solved at"}},
    "kasse.csv": {
        "orders": {
            "order_id": "Bon-Nr", "user_id": "Kundennummer", "amount": "Betrag",
            "ordered_at": {"join": ["Datum", "Uhrzeit"], "between": " ", "format": "%d.%m.%Y %H:%M"},
        },
        "order_items": {"product_id": "Artikelnummer", "unit_price": "Einzelpreis"},
    },
    "products.csv": {"products": {"product_id": "Variant SKU", "name": "Title", "price": "Variant Price"}},
    "refunds.csv": {"returns": {"return_id": "refund_id", "order_id": "order_number", "amount": "refund_amount"}},
    "reviews_export.csv": {"reviews": {"review_id": "review_id", "rating": "rating", "text": "body"}},
    "dunnhumby.csv": {"order_items": {"order_id": "BASKET_ID", "product_id": "PRODUCT_ID"}},  # its days are numbers
    "hm.csv": {
        "orders": {"order_id": {"join": ["customer_id", "t_dat"]}, "user_id": "customer_id", "amount": "price"},
        "order_items": {"product_id": "article_id"},
    },
}  # fmt: skip
REFUSED = {
    "prestashop.csv": "it looks like orders, and nothing in it can be user_id",  # its customers are names
    "olist_orders.csv": "it looks like orders, and nothing in it can be amount",
    "instacart_like.csv": "no raw table fits its columns",
}


def proposed(*names: str) -> Proposal:
    return propose(samples_of([str(EXPORTS / name) for name in names]).samples)


def tables_of(proposal: Proposal) -> dict[str, dict[str, Any]]:
    return {name: table for source in reversed(proposal.sources) for name, table in source["tables"].items()}


@pytest.mark.parametrize("name", EXPECTED)
def test_an_export_is_understood(name: str) -> None:
    tables = tables_of(proposed(name))
    understood = {
        table: {column: _short(tables[table]["columns"].get(column, {})) for column in columns}
        for table, columns in EXPECTED[name].items()
        if table in tables
    }
    assert understood == EXPECTED[name]


def test_every_export_is_expected_somewhere() -> None:
    assert {file.name for file in EXPORTS.iterdir()} == {*EXPECTED, *REFUSED}


@pytest.mark.parametrize("name", REFUSED)
def test_an_export_that_fits_no_table_is_named_with_what_it_lacks(name: str) -> None:
    proposal = proposed(name)
    assert proposal.sources == ()
    assert REFUSED[name] in proposal.unread[0]


@pytest.mark.parametrize(("name", "stated"), [
    ("shopify_orders_export_1.csv", {"only": {"Total": "filled"}}),
    ("shopee.csv", {"once_per": "Order ID"}),
    ("woocommerce_orders.csv", {"once_per": "Order ID"}),
    ("square_items.csv", {"repeated_ids": "lines"}),
    ("online_retail.csv", {"repeated_ids": "lines"}),
    ("etsy.csv", {}),
])  # fmt: skip
def test_an_order_is_one_row_however_its_lines_are_written(name: str, stated: dict[str, Any]) -> None:
    orders = tables_of(proposed(name))["orders"]
    assert {key: value for key, value in orders.items() if key != "columns"} == stated


@pytest.mark.parametrize(("name", "stated"), [
    ("woocommerce_orders.csv", {"decimal_separator": ","}),
    ("magento.csv", {"thousands_separator": ",", "currency_signs": ["$"]}),
    ("square_items.csv", {"currency_signs": ["$"]}),
    ("kasse.csv", {"decimal_separator": ","}),
    ("etsy.csv", {}),
])  # fmt: skip
def test_how_text_and_amounts_are_written_is_noticed(name: str, stated: dict[str, Any]) -> None:
    source = proposed(name).sources[0]
    assert {key: value for key, value in source.items() if key not in ("name", "files", "tables")} == stated


@pytest.mark.parametrize(("name", "encoding"), [
    ("woocommerce_orders.csv", "cp1252"), ("taobao_ExportOrderList.csv", "gb18030"), ("jd.csv", "gb18030"),
    ("etsy.csv", "utf-8"),
])  # fmt: skip
def test_the_encoding_is_noticed(tmp_path: Path, name: str, encoding: str) -> None:
    (tmp_path / name).write_bytes((EXPORTS / name).read_text().encode(encoding))
    source = propose(samples_of([str(tmp_path)]).samples).sources[0]
    assert source.get("encoding", "utf-8") == encoding
    assert source["tables"].keys() == tables_of(proposed(name)).keys(), "headers are understood in it"


def test_users_have_one_id_in_all_files() -> None:
    """Orders of Shopify know e-mail addresses only, customers a number as well."""
    tables = tables_of(proposed("shopify_orders_export_1.csv", "shopify_customers_export.csv"))
    assert [tables[name]["columns"]["user_id"] for name in ("orders", "users", "consents")] == 3 * [{"hash": "Email"}]


def test_a_file_whose_users_cannot_be_those_of_orders_is_named() -> None:
    with_id = proposed("bigcommerce.csv", "zendesk.csv")
    assert tables_of(with_id)["support_tickets"]["columns"]["user_id"] == {"hash": "Requester email"}
    by_address = proposed("magento.csv", "segment_tracks.json")
    assert "has no e-mail address, by which users of orders are known" in " ".join(by_address.notes)


def test_days_and_months_that_could_be_either_are_named(tmp_path: Path) -> None:
    file = tmp_path / "orders.csv"
    file.write_text("Order ID,Customer ID,Order Date,Total\n1,7,03/04/2026,9.50\n2,8,05/06/2026,9.50\n")
    proposal = propose(samples_of([str(file)]).samples)
    assert "is read with days before months" in proposal.notes[0]


def _short(made: dict[str, Any]) -> Any:
    return made["column"] if list(made) == ["column"] else made
