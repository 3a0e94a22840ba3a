"""What columns of other systems are called (headers.yaml), and how close a header comes to one of these names."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import yaml

FILE = Path(__file__).with_name("headers.yaml")
OF_NO_TABLE = ("consent_columns", "event_words")
LEAST = 0.6  # below it a header is another word
OF_OTHER_TABLES = {"user_id": "orders", "order_id": "orders"}  # an empty list of names: those of this table
PER_RANK, PER_WORD = 0.002, 0.08
# Words that say nothing beside another one: a "user pseudo id" is not the id of an event.
OF_ANYTHING = {
    "id", "name", "date", "time", "type", "value", "source", "code", "number", "status", "state", "item", "user",
    "label", "count", "day", "order", "total", "amount", "price", "card", "title", "list",
}  # fmt: skip
CHINESE = re.compile(r"[\u4e00-\u9fff]")


@cache
def _headers() -> Mapping[str, Any]:
    content: Mapping[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return content


def tables() -> Sequence[str]:
    """Raw tables that have names here."""
    return [name for name, columns in _headers().items() if isinstance(columns, dict) and name not in OF_NO_TABLE]


def columns_of(table: str) -> Sequence[str]:
    return list(_headers()[table])


def names_of(table: str, column: str) -> Sequence[str]:
    """Names of a column of the raw contract, the best first."""
    names: Sequence[str] = _headers()[table].get(column) or _headers()[OF_OTHER_TABLES[column]][column]
    return names


def consent_names() -> Mapping[str, Sequence[str]]:
    """Channel -> names of a column that says whether it may be used."""
    names: Mapping[str, Sequence[str]] = _headers()["consent_columns"]
    return names


def event_word(word: str) -> str | None:
    """The type of event that features count a word as; None for a word that is one of theirs, or is not known."""
    meanings = {
        "".join(words_of(each)): meaning for meaning, names in _headers()["event_words"].items() for each in names
    }
    return meanings.get("".join(words_of(word)))


def person_names(kind: str) -> Sequence[str]:
    """Names of a column with an e-mail address, or a telephone number (`kind`: email, phone)."""
    names: Sequence[str] = _headers()[kind]
    return names


@cache
def words_of(header: str) -> tuple[str, ...]:
    """In lower case, without accents and signs: `orderDate`, `Order_Date` and `Order date:` are order, date."""
    split = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", header)
    bare = "".join(c for c in unicodedata.normalize("NFKD", split) if not unicodedata.combining(c))
    return tuple(re.findall(r"[a-z0-9]+|[\u4e00-\u9fff]+", bare.lower()))


def closeness(header: str, names: Sequence[str]) -> float:
    """From 0 to 1: 1 for the first of the names; less for later ones, and for each word that the header has besides."""
    words = words_of(header)
    joined = "".join(words)
    best = 0.0
    for rank, name in enumerate(names):
        wanted = words_of(name)
        if joined == "".join(wanted) or set(words) == set(wanted):
            score = 1.0
        elif CHINESE.search(name) and name in joined:
            score = 0.9 - 0.02 * (len(joined) - len(name))
        elif len(words) > len(wanted) and _ends_as(words, wanted):
            # The last word says what it is: "billing city" is a city, "name tag" is no name.
            score = 0.9 - PER_WORD * (len(words) - len(wanted)) - (0.1 if len(wanted) == 1 else 0)
        else:
            continue
        best = max(best, score - PER_RANK * rank)
    return best


def _ends_as(words: Sequence[str], wanted: Sequence[str]) -> bool:
    if len(wanted) == 1:
        return words[-1] == wanted[0] and wanted[0] not in OF_ANYTHING
    return set(wanted) <= set(words)
