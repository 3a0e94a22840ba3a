"""What a file of orders lacks and another file has: its sum in a table of lines or payments, its user in a table of
customers. Shop systems with a database behind them export so.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from churn_assets.contracts.raw import raw_table
from churn_assets.sources import headers
from churn_assets.sources.fit import Part, Sample, best
from churn_assets.sources.values import filled, is_id, is_unique

FEWEST_ORDERS = 20  # of fewer it is no wonder that no user comes twice


def complete_from_others(orders: Part, samples: Sequence[Sample]) -> None:
    """Where nothing else is missing: its amount, and users of whom each has one order only."""
    if orders.missing == ["amount"]:
        _add_amount(orders, samples)
    if not orders.missing:
        _rename_users(orders, samples)


def _add_amount(orders: Part, samples: Sequence[Sample]) -> None:
    key = orders.columns["order_id"].get("column")
    for other, own in _keyed(orders.sample, key, samples):
        total = best(other, "orders", raw_table("orders").column("amount"), {own})
        items = raw_table("order_items")
        price = best(other, "order_items", items.column("unit_price"), {own})
        quantity = best(other, "order_items", items.column("quantity"), {own, price or own})
        columns = [total] if total else [price, quantity] if price and quantity else [price] if price else []
        if columns:
            name = _look_up(orders, other, key, own)
            orders.columns["amount"] = {"sum": [f"{name}.{column}" for column in columns]}
            return


def _rename_users(orders: Part, samples: Sequence[Sample]) -> None:
    header = orders.columns["user_id"].get("column")
    values = filled(orders.sample.values(header)) if header else []
    if len(values) < FEWEST_ORDERS or not is_unique(values):
        return
    for other, own in _keyed(orders.sample, header, samples):
        if not is_unique(other.values(own)):
            continue
        names = headers.names_of("orders", "user_id")
        close = [
            (headers.closeness(column, names), column)
            for column in other.columns
            if column != own and is_id(other.values(column)) and not is_unique(other.values(column))
        ]
        score, column = max(close, default=(0.0, ""))
        if score >= headers.LEAST:
            orders.columns["user_id"] = {"column": f"{_look_up(orders, other, header, own)}.{column}"}
            return


def _keyed(sample: Sample, key: str | None, samples: Sequence[Sample]) -> Iterator[tuple[Sample, str]]:
    """Other samples with a column that is called as `key`, and shares a value with it."""
    values = set(filled(sample.values(key))) if key else set()
    for other in samples:
        for column in other.columns if other.files != sample.files else ():
            is_called = headers.words_of(column) == headers.words_of(key or "")
            if is_called and values & set(filled(other.values(column))):
                yield other, column


def _look_up(orders: Part, other: Sample, key: str | None, own: str) -> str:
    """The name of the lookup, which the source of the orders has from now on."""
    sample = orders.sample
    lookup: dict[str, Any] = {"files": other.files, "key": own, **({"of": key} if key != own else {})}
    lookups = {**sample.reading.get("lookups", {}), other.name: lookup}
    orders.sample = replace(sample, reading={**sample.reading, "lookups": lookups})
    return other.name
