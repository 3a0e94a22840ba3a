"""The text of a message: a text of the arm with its slots filled, without address or format of a channel."""

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

BEST = 3  # items in the payload for a receiver that has its own texts


@dataclass(frozen=True)
class MessageText:
    """`items`: the items that the text names; for an arm without texts the best ones, for the texts of the receiver."""

    subject: str
    body: str
    items: tuple[Item, ...]


def message_text(
    arm: Arm, language: Language, level: str | None, items: Sequence[Item], valid_until: date
) -> MessageText | None:
    """The first text of the arm in a language all of whose slots have a value for the user; None: there is none.

    An arm without texts gives an empty text. `{code}` and `{unsubscribe_url}` stay as they are: see `filled`.
    """
    if not arm.texts:
        return MessageText("", "", tuple(items[:BEST]))
    values_by_slot = item_values(items)
    values = {name: value for name, (_, value) in values_by_slot.items()}
    values |= {UNTIL: valid_until.isoformat(), **{name: f"{{{name}}}" for name in FILLED_LATER}}
    if level is not None:
        values[LEVEL] = level
    for text in arm.texts[language]:
        if text.slots <= values.keys():
            subject_and_body = text.subject.format(**values), text.body.format(**values)
            if arm.channel != "sms" or fits_one_sms(subject_and_body[1]):
                named_items = [values_by_slot[slot][0] for slot in sorted(text.slots & values_by_slot.keys())]
                return MessageText(*subject_and_body, tuple(dict.fromkeys(named_items)))
    return None


def items_by_user(items: pl.DataFrame) -> dict[str, list[Item]]:
    """The items of each user, best first (contract RecommendedItems)."""
    by_user: dict[str, list[Item]] = {}
    columns = ("user_id", *(field.name for field in fields(Item)))
    for user, *values in items.sort("user_id", "item_rank").select(columns).iter_rows():
        by_user.setdefault(user, []).append(Item(*values))
    return by_user


def items_payload(items: Sequence[Item]) -> list[dict[str, str | None]]:
    """Items as dictionaries, for the payload."""
    return [asdict(item) for item in items]


def payload_of(values: Mapping[str, object]) -> str:
    """JSON with sorted keys and without spaces: the same content is the same bytes."""
    return json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def filled(payload: str, code: str | None, unsubscribe_url: str | None) -> str:
    """The payload as it is sent, with code and link filled in where given. Equal arguments give equal bytes."""
    slot_values = {CODE: code, UNSUBSCRIBE: unsubscribe_url}
    if code is None and (unsubscribe_url is None or f"{{{UNSUBSCRIBE}}}" not in payload):
        return payload
    content: dict[str, Any] = json.loads(payload)
    for slot, value in slot_values.items():
        if value is not None:
            content |= {part: content[part].replace(f"{{{slot}}}", value) for part in ("subject", "body")}
    if code is not None:
        content[CODE] = code
    return payload_of(content)
