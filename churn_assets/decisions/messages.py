"""What is written to a user: the words of an arm with its slots filled. No address and no channel's own format here."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

from churn_assets.catalogue.slots import CODE, FILLED_LATER, LEVEL, UNSUBSCRIBE, UNTIL, Item, item_values
from churn_assets.catalogue.sms import fits_one_sms

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    import polars as pl

    from churn_assets.catalogue.arms import Arm, Language

BEST = 3  # items told to a side that has its own texts


@dataclass(frozen=True)
class Words:
    """`items`: those that the text names; of an arm without texts the best, for the words of the side that sends."""

    subject: str
    body: str
    items: tuple[Item, ...]


def worded(arm: Arm, language: Language, level: str | None, items: Sequence[Item], valid_until: date) -> Words | None:
    """The first text of the arm in a language all of whose slots have a value for the user; None: there is none.

    An arm without texts gives empty words. `{code}` and `{unsubscribe_url}` stay as they are: see `filled`.
    """
    if not arm.texts:
        return Words("", "", tuple(items[:BEST]))
    found = item_values(items)
    values = {name: value for name, (_, value) in found.items()}
    values |= {UNTIL: valid_until.isoformat(), **{name: f"{{{name}}}" for name in FILLED_LATER}}
    if level is not None:
        values[LEVEL] = level
    for text in arm.texts[language]:
        if text.slots <= values.keys():
            words = text.subject.format(**values), text.body.format(**values)
            if arm.channel != "sms" or fits_one_sms(words[1]):
                named = [found[slot][0] for slot in sorted(text.slots & found.keys())]
                return Words(*words, tuple(dict.fromkeys(named)))
    return None


def items_by_user(items: pl.DataFrame) -> dict[str, list[Item]]:
    """The items of each user, best first (contract RecommendedItems)."""
    found: dict[str, list[Item]] = {}
    columns = ("user_id", *(field.name for field in fields(Item)))
    for user, *values in items.sort("user_id", "item_rank").select(columns).iter_rows():
        found.setdefault(user, []).append(Item(*values))
    return found


def shown(items: Sequence[Item]) -> list[dict[str, str | None]]:
    """What a payload says of items."""
    return [asdict(item) for item in items]


def payload_of(values: Mapping[str, object]) -> str:
    """JSON with sorted keys and without spaces: the same content is the same bytes."""
    return json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def filled(payload: str, code: str | None, unsubscribe_url: str | None) -> str:
    """The payload as it is handed over: with the slots of which the value is given. Equal arguments, equal bytes."""
    told = {CODE: code, UNSUBSCRIBE: unsubscribe_url}
    if code is None and (unsubscribe_url is None or f"{{{UNSUBSCRIBE}}}" not in payload):
        return payload
    values: dict[str, Any] = json.loads(payload)
    for slot, value in told.items():
        if value is not None:
            values |= {part: values[part].replace(f"{{{slot}}}", value) for part in ("subject", "body")}
    if code is not None:
        values[CODE] = code
    return payload_of(values)
