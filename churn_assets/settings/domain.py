"""`domain` in mapping.yaml, for what is no shop: which activities of a service count as a purchase, what one is worth,
and what people call it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import Field, field_validator

from churn_assets.contracts.raw import EVENT_TYPES
from churn_assets.settings.section import Section

TRADES = Path(__file__).with_name("trades.yaml")
ACTIVITIES = "activities"
COLUMNS = ("user_id", "occurred_at", "activity", "activity_id", "value", "product_id", "category", "session_id",
           "platform")  # fmt: skip
REQUIRED = ("user_id", "occurred_at", "activity")
OF_ORDERS = {"occurred_at": "ordered_at", "value": "amount", "user_id": "user_id", "platform": "platform"}
OF_EVENTS = ("user_id", "occurred_at", "product_id", "category", "session_id", "platform")
OF_ITEMS = ("product_id", "category")


class Domain(Section):
    """What a service is, where users do something other than order goods. Without it: a shop."""

    trade: Literal["shop", "course", "subscription", "media", "game"] = Field(
        "shop", description="By which words the report and reasons speak of purchases."
    )
    purchase: tuple[str, ...] = Field(
        (), description="Words of `activity` that count as a purchase: what a user who stays does again and again."
    )
    visits: dict[str, str] = Field(
        {}, description="Word of `activity` -> type of event: view, search, add_to_cart, favorite, share, login."
    )
    price: float | None = Field(
        None, gt=0, description="What one purchase is worth where activities have no value of their own."
    )
    words: dict[str, str] = Field({}, description="Further English words of the report -> what they are called here.")
    words_zh: dict[str, str] = Field({}, description="The same in Chinese.")

    @field_validator("visits")
    @classmethod
    def _are_known_types(cls, visits: dict[str, str]) -> dict[str, str]:
        for word, kind in visits.items():
            if kind not in EVENT_TYPES:
                raise ValueError(f"{word}: {kind} is counted by no feature; it may be {', '.join(EVENT_TYPES)}")
        return visits

    def in_words(self, text: str, language: str) -> str:
        """A text of the report, in the words of the trade; what stands in {braces} stays."""
        known: Mapping[str, str] = _trades().get(self.trade, {}).get(language, {})
        words = {**known, **(self.words_zh if language == "zh" else self.words)}
        return _replaced(text, tuple(sorted(words.items())), language) if words else text


def with_activities(source: Mapping[str, Any], domain: Domain) -> dict[str, Any]:
    """A source of mapping.yaml whose `activities` are stated as orders, their lines and events.

    Raises ValueError for what cannot be stated so.
    """
    tables = dict(source["tables"])
    made = dict(tables.pop(ACTIVITIES))
    columns = dict(made.pop("columns", {}))
    _refuse_wrong(columns, tables, domain)
    activity = _name(columns, "activity")
    if "activity_id" in columns:
        order_id: Any = columns["activity_id"]
    else:  # what a user does at one time is one thing
        order_id = {"join": [_name(columns, name) for name in REQUIRED]}
    amount = columns.get("value", {"constant": str(domain.price)})
    orders = {"order_id": order_id, "amount": amount}
    orders |= {target: columns[name] for name, target in OF_ORDERS.items() if name in columns and name != "value"}
    only = {**made.pop("only", {}), activity: list(domain.purchase)}
    tables["orders"] = {**made, "only": only, "columns": orders}
    if "product_id" in columns:
        items = {"order_id": order_id, **{name: columns[name] for name in OF_ITEMS if name in columns}}
        tables["order_items"] = {**made, "only": only, "columns": items}
    event_type = {"column": activity, **({"words": domain.visits} if domain.visits else {})}
    events = {"event_type": event_type, **{name: columns[name] for name in OF_EVENTS if name in columns}}
    others = {name: words for name, words in only.items() if name != activity}
    others |= {activity: list(domain.visits)} if domain.visits else {}  # a purchase is none of these
    tables["events"] = {**made, **({"only": others} if others else {}), "columns": events}
    return {**source, "tables": tables}


def _refuse_wrong(columns: Mapping[str, Any], tables: Mapping[str, Any], domain: Domain) -> None:
    unknown = sorted(set(columns) - set(COLUMNS))
    missing = [name for name in REQUIRED if name not in columns]
    if unknown:
        near = get_close_matches(unknown[0], COLUMNS, 1)
        hint = f"did you mean {near[0]}?" if near else f"it has {', '.join(COLUMNS)}"
        raise ValueError(f"tables.activities.columns.{unknown[0]}: activities have no such column; {hint}")
    if missing:
        raise ValueError(f"tables.activities: required column {', '.join(missing)} is made of nothing")
    if both := sorted({"orders", "order_items", "events"} & set(tables)):
        raise ValueError(f"tables.{both[0]}: activities become this table; name the files once more as another source")
    if not domain.purchase:
        raise ValueError("tables.activities: name in domain.purchase the activities that count as a purchase")
    if "value" not in columns and domain.price is None:
        raise ValueError("tables.activities: name a column value, or state domain.price")


def _name(columns: Mapping[str, Any], column: str) -> str:
    """Raises ValueError for a column that is made of more than a column of the file."""
    made = columns[column]
    name = made if isinstance(made, str) else made.get("column") if isinstance(made, dict) else None
    if not name:
        raise ValueError(f"tables.activities.columns.{column}: name a column of the file, or map activity_id as well")
    return str(name)


def _replaced(text: str, words: tuple[tuple[str, str], ...], language: str) -> str:
    meanings = dict(words)

    def meant(match: re.Match[str]) -> str:
        word = match[0]
        meaning = meanings.get(word.lower())
        if meaning is None:
            return word
        return meaning[:1].upper() + meaning[1:] if word[:1].isupper() else meaning

    return _pattern(tuple(meanings), language).sub(meant, text)


@cache
def _pattern(words: tuple[str, ...], language: str) -> re.Pattern[str]:
    longest_first = "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))
    edge = r"\b" if language == "en" else ""
    return re.compile(rf"\{{[^}}]*\}}|\bin order\b|{edge}(?:{longest_first}){edge}", re.IGNORECASE)


@cache
def _trades() -> Mapping[str, Any]:
    trades: Mapping[str, Any] = yaml.safe_load(TRADES.read_text(encoding="utf-8"))
    return trades
