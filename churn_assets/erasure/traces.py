"""Traces of a user: the id, orders, keys of decisions and messages, addresses, and the id as a word in any text."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

import polars as pl

from churn_assets.landing.ids import same_id

KEY_COLUMNS = ("decision_id", "message_key")
KEY = re.compile(r"(?<![\w-])[0-9a-f]{32}(?![\w-])")
NO_LETTER = r"[^\p{L}\p{N}_-]"  # between words, for engines without lookaround
NAMED = r"user_id\\*[\"']?\s*[:=]\s*\\*[\"']?"
MIN_LENGTH = 3
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
    def words(self) -> re.Pattern[str]:
        """Pattern of ids and addresses as whole words, never as a part of a longer word."""
        labelled = [rf"({NAMED}){_pattern(user)}(?![\w-])" for user in self._words(distinctive=False)]
        anywhere = [rf"(?<![\w-]){_pattern(word)}(?![\w-])" for word in self._words(distinctive=True)]
        return re.compile("|".join([*labelled, *anywhere]) or "(?!)")

    @cached_property
    def words_sql(self) -> str:
        """The pattern for DuckDB and polars."""
        labelled = [f"{NAMED}{_pattern(user)}" for user in self._words(distinctive=False)]
        anywhere = [f"(?:^|{NO_LETTER}){_pattern(word)}" for word in self._words(distinctive=True)]
        return f"(?:{'|'.join([*labelled, *anywhere])})(?:$|{NO_LETTER})"

    @cached_property
    def _parts(self) -> list[str]:
        return [form for word in (*self.users, *self.addresses) for form in _forms(word)]

    def is_in(self, text: str) -> bool:
        # Searching a substring costs a tenth of searching the pattern, and nearly all texts hold no trace.
        if any(part in text for part in self._parts) and self.words.search(text):
            return True
        return bool(self.keys) and not self.keys.isdisjoint(KEY.findall(text))

    def without(self, text: str) -> str:
        """`text` with `erased` instead of each trace."""
        anonymised = self.words.sub(_anonymous, text)
        return KEY.sub(lambda match: "erased" if match[0] in self.keys else match[0], anonymised)

    def _words(self, *, distinctive: bool) -> list[str]:
        users = [user for user in self.users if is_distinctive(user) == distinctive]
        # The longest first: an address may begin with the id.
        return sorted([*users, *self.addresses] if distinctive else users, key=lambda word: (-len(word), word))

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
        matches = [pl.col(name).str.contains(self.words_sql).fill_null(value=False) for name in texts]
        return pl.any_horizontal(self.rows(schema.names()), *matches)


def is_distinctive(user: str) -> bool:
    """Whether the id can be searched in any text. A plain number or word has other meanings in a text too, so it counts
    only where it is named as a user_id.
    """
    has_both = any(letter.isdigit() for letter in user) and any(letter.isalpha() for letter in user)
    return (has_both or "@" in user) and len(user) >= MIN_LENGTH


def _forms(word: str) -> list[str]:
    """The word itself, and its form in JSON."""
    return list(dict.fromkeys((word, word.encode("ascii", "backslashreplace").decode())))


def _pattern(word: str) -> str:
    as_float = r"(?:\.0*)?" if word.isdecimal() else ""
    return f"(?:{'|'.join(re.escape(form) for form in _forms(word))}){as_float}"


def _anonymous(match: re.Match[str]) -> str:
    label = next((text for text in match.groups() if text), "")
    is_bare_number = bool(label) and label[-1] not in "\"'"
    return label + ("null" if is_bare_number else "erased")


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
