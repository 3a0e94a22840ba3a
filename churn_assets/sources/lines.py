"""Files of orders whose rows are lines of them: how an order is one row then, and its lines."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from churn_assets.contracts.raw import raw_table
from churn_assets.sources import headers
from churn_assets.sources.fit import Made, Part, Rows, Sample, best, made_of


def complete_orders(orders: Part) -> None:
    """Without a sum, price times quantity of its lines; without a number of orders, an order per user and time."""
    items = raw_table("order_items")
    if "amount" not in orders.columns:
        price = best(orders.sample, "order_items", items.column("unit_price"), set())
        quantity = best(orders.sample, "order_items", items.column("quantity"), {price} if price else set())
        if price:  # without a quantity a row is one piece
            orders.columns["amount"] = {"multiply": [price, quantity]} if quantity else {"column": price}
            orders.more["repeated_ids"] = "lines"
    user, time = (orders.columns.get(name, {}).get("column") for name in ("user_id", "ordered_at"))
    if orders.missing == ["order_id"] and user and time:
        orders.columns["order_id"] = {"join": [user, time]}
        orders.more["repeated_ids"] = "lines"


def lines_of(orders: Part) -> Part | None:
    """The lines that rows of a file of orders hold; None without a product. Settles how an order is one row."""
    sample, order = orders.sample, orders.columns["order_id"].get("column")
    of_order: dict[str, list[Mapping[str, str | None]]] = defaultdict(list)
    for row in sample.rows if order else ():
        of_order[row.get(order) or ""].append(row)  # type: ignore[arg-type]
    several = [rows for key, rows in of_order.items() if key and len(rows) > 1]
    if several and "repeated_ids" not in orders.more:
        orders.more |= _as_one_row(orders, several)
    return _lines(sample, orders)


def _as_one_row(orders: Part, several: Sequence[Rows]) -> Made:
    amount = orders.columns["amount"].get("column")
    if amount and all(sum(bool((row.get(amount) or "").strip()) for row in rows) == 1 for rows in several):
        return {"only": {amount: "filled"}}
    if amount and all(len({row.get(amount) for row in rows}) == 1 for rows in several):
        return {"once_per": orders.columns["order_id"]["column"]}
    return {"repeated_ids": "lines"}


def _lines(sample: Sample, orders: Part) -> Part | None:
    part = Part(sample, "order_items", {"order_id": orders.columns["order_id"]})
    used = {str(made["column"]) for name, made in orders.columns.items() if name != "amount" and "column" in made}
    for name in headers.columns_of("order_items"):
        column = raw_table("order_items").column(name)
        header = None if name == "order_id" else best(sample, "order_items", column, used)
        if header is not None:
            used.add(header)
            part.columns[name] = made_of(sample, column, header)
    return part if "product_id" in part.columns else None
