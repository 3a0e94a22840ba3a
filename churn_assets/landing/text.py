"""Text inside of SQL."""

from __future__ import annotations

from collections.abc import Iterable


def literal(text: object) -> str:
    """A SQL string literal; paths and words may hold quotes."""
    return "'" + str(text).replace("'", "''") + "'"


def literals(texts: Iterable[object]) -> str:
    """Several, for `in (...)`."""
    return ", ".join(literal(text) for text in texts) or "null"


def identifier(name: str) -> str:
    """A column's name in SQL."""
    return '"' + name.replace('"', '""') + '"'
