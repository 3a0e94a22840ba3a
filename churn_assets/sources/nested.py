"""Samples whose values are JSON: keys inside an object are columns too, and a list may hold the lines of an order."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from churn_assets.sources import headers
from churn_assets.sources.fit import Made, Part, Sample, fitted

DEPTH = 3  # Shopify has customer.email_marketing_consent.state
MOST_KEYS = 200
PARENT = "__parentId"
OF_LISTS = ("order_items", "returns")
Row = Mapping[str, str | None]


def with_inner_columns(sample: Sample) -> Sample:
    """The sample with a column `customer.id` for the key `id` of objects in the column `customer`."""
    columns = [name for name in sample.columns if any((row.get(name) or "").startswith("{") for row in sample.rows)]
    if not columns:
        return sample
    rows = [
        {**row, **{key: text for name in columns for key, text in _inner(name, row.get(name), 1)}}
        for row in sample.rows
    ]
    names = dict.fromkeys(name for row in rows for name in row)
    return replace(sample, columns=tuple(list(dict.fromkeys([*sample.columns, *names]))[:MOST_KEYS]), rows=rows)


def parts_by_parent(sample: Sample) -> list[Part]:
    """Orders and their lines in one file of JSON lines, in which a line names its order, as Shopify's bulk operations
    write them. Nothing where a file is none.
    """
    if PARENT not in sample.columns:
        return []
    parents, children = (
        replace(sample, rows=[row for row in sample.rows if bool(row.get(PARENT)) == has_parent])
        for has_parent in (False, True)
    )
    orders, lines = fitted(parents, "orders"), fitted(children, "order_items")
    orders.columns["order_id"], lines.columns["order_id"] = {"column": "id"}, {"column": PARENT}
    orders.more, lines.more = {"only": {PARENT: "empty"}}, {"only": {PARENT: "filled"}}
    for part in (orders, lines):
        part.sample = sample
    return [orders, lines] if not orders.missing and not lines.missing else []


def parts_in_lists(orders: Part) -> Iterator[Part]:
    """The lines of an order, and what of it came back, where they are lists in its row."""
    for name in orders.sample.columns:
        elements = _elements(orders.sample, name) if "." not in name else None
        if elements is None:
            continue
        for table in OF_LISTS:
            part = fitted(elements, table)
            own = {column: _inside(name, made) for column, made in part.columns.items() if column not in orders.columns}
            shared = {
                column: orders.columns[column]
                for column in ("order_id", "user_id")
                if column in headers.columns_of(table)
            }
            whole = Part(orders.sample, table, {**shared, **own}, {"each": name})
            if not whole.missing and _is_called(name, table):
                yield whole


def _is_called(name: str, table: str) -> bool:
    """A list of discounts has amounts and ids as well, and is no list of returns."""
    words = {"order_items": ("item", "line", "product", "position"), "returns": ("refund", "return")}[table]
    return any(word.startswith(each) for word in headers.words_of(name) for each in words)


def _inside(name: str, made: Made) -> Made:
    """The same of keys of an element."""
    of_columns = ("column", "hash")
    return {
        key: f"{name}.{value}"
        if key in of_columns
        else [f"{name}.{each}" for each in value]
        if key == "multiply"
        else value
        for key, value in made.items()
    }


def _elements(sample: Sample, name: str) -> Sample | None:
    """Elements of the lists in a column, as rows; None where it holds no lists of objects."""
    rows = []
    for text in sample.values(name):
        value = _value(text, "[") or ()
        rows += [_row(each) for each in value if isinstance(each, dict)]
    if not rows:
        return None
    return with_inner_columns(
        Sample(name, sample.files, tuple(dict.fromkeys(key for row in rows for key in row)), rows)
    )


def _inner(name: str, text: str | None, depth: int) -> Iterator[tuple[str, str | None]]:
    value = _value(text, "{") or {}
    for key, own in _row(value).items():
        if "." in key:
            continue  # no path names it
        yield f"{name}.{key}", own
        if depth < DEPTH:
            yield from _inner(f"{name}.{key}", own, depth + 1)


def _row(value: Mapping[str, Any]) -> Row:
    return {key: _text(own) for key, own in value.items()}


def _text(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else json.dumps(value)


def _value(text: str | None, sign: str) -> Any:
    """The list or object that begins with `sign`; None where it is neither."""
    try:
        return json.loads(text) if text and text.startswith(sign) else None
    except (ValueError, RecursionError):
        return None
