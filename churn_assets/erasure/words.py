"""Ids and addresses as words in any text: as whole words, never as a part of a longer one.

A text is cut into its runs of letters, digits, hyphens and underscores. One of them has to be a run of an id or address
before that is searched: one pattern of 500 users takes DuckDB 100 s for 10 MB of text, runs take it 1 s (2026-11).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from functools import cached_property

import polars as pl

RUN = re.compile(r"[\w-]+")
NAMED = r"user_id\\*[\"']?\s*[:=]\s*\\*[\"']?"
MIN_LENGTH = 3


class Words:
    """Words to find; `keys`: 32 hex digits, each a run by itself."""

    def __init__(self, users: Collection[str], addresses: Collection[str], keys: Collection[str]) -> None:
        self._users, self._addresses, self._keys = users, addresses, frozenset(keys)
        self._patterns: dict[str, re.Pattern[str]] = {}

    def are_in(self, text: str, *, with_keys: bool = True) -> bool:
        """Whether a text names one of the users, or holds one of the keys."""
        runs = RUN.findall(text)
        if with_keys and not self._keys.isdisjoint(runs):
            return True
        return any(self._pattern(word).search(text) for word in self._candidates(runs, text))

    def in_texts(self, texts: pl.Series, *, with_keys: bool = False) -> pl.Series:
        """Whether each text names one of the users; false for null."""
        parts = [*self._by_run, *self._without_runs, *(self._keys if with_keys else ())]
        if not parts:
            return pl.repeat(value=False, n=len(texts), eager=True)
        may_be = texts.str.contains_any(parts).fill_null(value=False)
        named = [place for place in may_be.arg_true() if self.are_in(texts[place], with_keys=with_keys)]
        return pl.repeat(value=False, n=len(texts), eager=True).scatter(named, True)

    def without(self, text: str) -> str:
        """`text` with `erased` instead of each word and key."""
        runs = RUN.findall(text)
        # The longest first: an address may begin with the id.
        for word in sorted(self._candidates(runs, text), key=lambda word: (-len(word), word)):
            text = self._pattern(word).sub(_anonymous, text)
        if self._keys.isdisjoint(runs):
            return text
        return RUN.sub(lambda match: "erased" if match[0] in self._keys else match[0], text)

    @cached_property
    def _by_run(self) -> dict[str, list[str]]:
        """The words by the longest run of each of their forms."""
        words: dict[str, list[str]] = {}
        for word, run in self._forms():
            if run:
                words.setdefault(run, []).append(word)
        return words

    @cached_property
    def _without_runs(self) -> list[str]:
        return sorted({word for word, run in self._forms() if not run})

    def _forms(self) -> Iterator[tuple[str, str]]:
        for word in {*self._users, *self._addresses}:
            for form in forms(word):
                yield word, max(RUN.findall(form), key=len, default="")

    def _candidates(self, runs: list[str], text: str) -> set[str]:
        by_run = self._by_run
        hits = {word for run in by_run.keys() & set(runs) for word in by_run[run]}
        return hits | {word for word in self._without_runs if word in text}

    def _pattern(self, word: str) -> re.Pattern[str]:
        pattern = self._patterns.get(word)
        if pattern is None:
            is_anywhere = word in self._addresses or is_distinctive(word)
            before = r"(?<![\w-])" if is_anywhere else f"({NAMED})"
            as_float = r"(?:\.0*)?" if word.isdecimal() else ""
            any_form = "|".join(re.escape(form) for form in forms(word))
            pattern = self._patterns[word] = re.compile(rf"{before}(?:{any_form}){as_float}(?![\w-])")
        return pattern


def is_distinctive(user: str) -> bool:
    """Whether the id can be searched in any text. A plain number or word has other meanings in a text too, so it counts
    only where it is named as a user_id.
    """
    has_both = any(letter.isdigit() for letter in user) and any(letter.isalpha() for letter in user)
    return (has_both or "@" in user) and len(user) >= MIN_LENGTH


def forms(word: str) -> list[str]:
    """The word itself, and its form in JSON."""
    return list(dict.fromkeys((word, word.encode("ascii", "backslashreplace").decode())))


def _anonymous(match: re.Match[str]) -> str:
    label = next((text for text in match.groups() if text), "")
    is_bare_number = bool(label) and label[-1] not in "\"'"
    return label + ("null" if is_bare_number else "erased")
