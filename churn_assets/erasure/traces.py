"""Traces of a user: the id, orders, keys of decisions and messages, addresses, and the id as a word in any text."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

import polars as pl

from churn_assets.erasure.words import Words
from churn_assets.landing.ids import same_id

KEY_COLUMNS = ("decision_id", "message_key")
POWER = r"[0-9][eE]\+?[0-9]"


@dataclass(frozen=True)
class Traces:
    """Traces of one or more users. Orders and keys can be found only while a row links them to the id."""

    users: frozenset[str]
    orders: frozenset[str] = field(default_factory=frozenset)
    keys: frozenset[str] = field(default_factory=frozenset)
    addresses: frozenset[str] = field(default_factory=frozenset)

    def __or__(self, other: Traces) -> Traces:
        return Traces(
            self.users | other.users,
            self.orders | other.orders,
            self.keys | other.keys,
            self.addresses | other.addresses,
        )

    @cached_property
    def words(self) -> Words:
        """Ids, addresses and keys as whole words of a text."""
        return Words(self.users, self.addresses, self.keys)

    def is_in(self, text: str) -> bool:
        return self.words.are_in(text)

    def without(self, text: str) -> str:
        """`text` with `erased` instead of each trace."""
        return self.words.without(text)

    def rows(self, columns: Iterable[str]) -> pl.Expr:
        """Expression: whether a row of a table with these columns is the users'."""
        by_lower = {name.lower(): name for name in columns}
        if "user_id" in by_lower:
            return _among(by_lower["user_id"], self.users)
        orders = [_among(by_lower["order_id"], self.orders)] if "order_id" in by_lower else []
        keys = [_among(by_lower[name], self.keys) for name in KEY_COLUMNS if name in by_lower]
        return pl.any_horizontal(*orders, *keys, pl.lit(value=False))

    def rows_or_words(self, schema: pl.Schema) -> pl.Expr:
        """Expression: whether a row is the users', or a text in it names them."""
        texts = [name for name, kind in schema.items() if kind == pl.String]
        matches = [
            pl.col(name).map_batches(self.words.in_texts, return_dtype=pl.Boolean, is_elementwise=True)
            for name in texts
        ]
        return pl.any_horizontal(self.rows(schema.names()), *matches)


def _among(column: str, values: frozenset[str]) -> pl.Expr:
    """Expression: whether an id, in any of its forms, is one of `values`."""
    return (
        pl.col(column)
        .cast(pl.String)
        .map_batches(lambda ids: _is_among(ids, values), return_dtype=pl.Boolean, is_elementwise=True)
        .fill_null(value=False)
    )


def _is_among(ids: pl.Series, values: frozenset[str]) -> pl.Series:
    if not values:
        return pl.repeat(value=False, n=len(ids), eager=True)
    # Every form of an id contains the id itself, but for numbers with an exponent.
    may_be = ids.str.contains_any(sorted(values)) | ids.str.contains(POWER)
    forms = [form for form in ids.filter(may_be.fill_null(value=False)).unique() if same_id(form) in values]
    return ids.is_in(forms)
