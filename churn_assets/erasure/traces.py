"""By what a user is found: the id, the orders, the keys of decisions and messages, and the id as a word in any text."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

import polars as pl

from churn_assets.landing.ids import same_id

KEY_COLUMNS = ("decision_id", "message_key")
KEY = re.compile(r"(?<![\w-])[0-9a-f]{32}(?![\w-])")
NO_LETTER = r"[^\p{L}\p{N}_-]"  # between words, for engines that cannot look around
NAMED = r"user_id\\*[\"']?\s*[:=]\s*\\*[\"']?"
SHORT = 3
POWER = r"[0-9][eE]\+?[0-9]"


@dataclass(frozen=True)
class Traces:
    """Of one or more users. Their orders and keys are known only as long as something still ties them to the id."""

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
        """The id, and an address, as a word of its own, never as a part of a longer one."""
        named = [rf"({NAMED}){_spelt(user)}(?![\w-])" for user in self._words(telling=False)]
        alone = [rf"(?<![\w-]){_spelt(word)}(?![\w-])" for word in self._words(telling=True)]
        return re.compile("|".join([*named, *alone]) or "(?!)")

    @cached_property
    def words_sql(self) -> str:
        """The same for DuckDB and polars."""
        named = [f"{NAMED}{_spelt(user)}" for user in self._words(telling=False)]
        alone = [f"(?:^|{NO_LETTER}){_spelt(word)}" for word in self._words(telling=True)]
        return f"(?:{'|'.join([*named, *alone])})(?:$|{NO_LETTER})"

    @cached_property
    def _parts(self) -> list[str]:
        return [form for word in (*self.users, *self.addresses) for form in _forms(word)]

    def is_in(self, text: str) -> bool:
        # Looking for the id as it is costs a tenth of looking for it as a word, and nearly all texts are without.
        if any(part in text for part in self._parts) and self.words.search(text):
            return True
        return bool(self.keys) and not self.keys.isdisjoint(KEY.findall(text))

    def without(self, text: str) -> str:
        """`text` with `erased` where the user was named."""
        named = self.words.sub(_anonymous, text)
        return KEY.sub(lambda found: "erased" if found[0] in self.keys else found[0], named)

    def _words(self, *, telling: bool) -> list[str]:
        told = [user for user in self.users if is_telling(user) == telling]
        # The longest first: an address may begin with the id.
        return sorted([*told, *self.addresses] if telling else told, key=lambda word: (-len(word), word))

    def rows(self, columns: Iterable[str]) -> pl.Expr:
        """Whether a row of a table with these columns is the user's."""
        by_lower = {name.lower(): name for name in columns}
        if "user_id" in by_lower:
            return _among(by_lower["user_id"], self.users)
        orders = [_among(by_lower["order_id"], self.orders)] if "order_id" in by_lower else []
        keys = [_among(by_lower[name], self.keys) for name in KEY_COLUMNS if name in by_lower]
        return pl.any_horizontal(*orders, *keys, pl.lit(value=False))

    def rows_or_words(self, schema: pl.Schema) -> pl.Expr:
        """The same, or whose text names the user."""
        texts = [name for name, kind in schema.items() if kind == pl.String]
        named = [pl.col(name).str.contains(self.words_sql).fill_null(value=False) for name in texts]
        return pl.any_horizontal(self.rows(schema.names()), *named)


def is_telling(user: str) -> bool:
    """Whether the id can be looked for in any text. A bare number or a plain word means other things there too, so it
    counts only where it is named as a user_id.
    """
    has_both = any(letter.isdigit() for letter in user) and any(letter.isalpha() for letter in user)
    return (has_both or "@" in user) and len(user) >= SHORT


def _forms(word: str) -> list[str]:
    """As it is, and as JSON may write it."""
    return list(dict.fromkeys((word, word.encode("ascii", "backslashreplace").decode())))


def _spelt(word: str) -> str:
    as_float = r"(?:\.0*)?" if word.isdecimal() else ""
    return f"(?:{'|'.join(re.escape(form) for form in _forms(word))}){as_float}"


def _anonymous(found: re.Match[str]) -> str:
    named = next((text for text in found.groups() if text), "")
    is_bare_number = bool(named) and named[-1] not in "\"'"
    return named + ("null" if is_bare_number else "erased")


def _among(column: str, values: frozenset[str]) -> pl.Expr:
    """Whether an id, in whatever form it is written, is one of `values`."""
    return (
        pl.col(column)
        .cast(pl.String)
        .map_batches(lambda ids: _is_among(ids, values), return_dtype=pl.Boolean, is_elementwise=True)
        .fill_null(value=False)
    )


def _is_among(ids: pl.Series, values: frozenset[str]) -> pl.Series:
    if not values:
        return pl.repeat(value=False, n=len(ids), eager=True)
    # Every form of an id holds the id itself, but for numbers written with a power of ten.
    may_be = ids.str.contains_any(sorted(values)) | ids.str.contains(POWER)
    forms = [form for form in ids.filter(may_be.fill_null(value=False)).unique() if same_id(form) in values]
    return ids.is_in(forms)
