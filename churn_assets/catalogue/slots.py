"""Slots of texts: their names, and the values of those that name an item. The text around them: texts.py."""

from __future__ import annotations

from dataclasses import dataclass
from string import Formatter
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

# Kind of a slot -> source in recommended_items. `item`: any source.
KINDS: Final = {"viewed": "viewed", "together": "bought_together", "bought": "bought_before", "popular": "popular"}
ANY: Final = "item"
PLACES: Final = {ANY: 3, "viewed": 2, "together": 3, "bought": 3, "popular": 3}
LEVEL, UNTIL, CODE, UNSUBSCRIBE = "level", "valid_until", "code", "unsubscribe_url"
# Filled at dispatch, so that a plan that is not approved uses no code.
FILLED_LATER: Final = (CODE, UNSUBSCRIBE)
ITEM_SLOTS: Final = {
    f"{kind}_{place}{ending}": kind
    for kind, places in PLACES.items()
    for place in range(1, places + 1)
    for ending in ("", "_url")
}
SLOTS: Final = (*ITEM_SLOTS, LEVEL, UNTIL, *FILLED_LATER)


@dataclass(frozen=True)
class Item:
    """One recommended item of a user; `name` None: no text can name the item."""

    product_id: str
    source: str
    name: str | None = None
    url: str | None = None
    image_url: str | None = None


def parts_of(text: str) -> Iterator[tuple[str, str | None]]:
    """(literal text, name of the slot after it). Raises ValueError on braces that are no slot."""
    for literal, name, form, conversion in Formatter().parse(text):
        if form or conversion:
            raise ValueError(f"{{{name}}} has a format of its own; write the slot alone")
        yield literal, name


def item_values(items: Sequence[Item]) -> dict[str, tuple[Item, str]]:
    """Slot -> (item, its name or url), the best first. A name occurs once, however many products have it."""
    named_items: list[Item] = []
    for item in items:
        if item.name and item.name not in {other.name for other in named_items}:
            named_items.append(item)
    values = dict(_filled(ANY, named_items))
    for kind, source in KINDS.items():
        values |= _filled(kind, [item for item in named_items if item.source == source])
    return values


def _filled(kind: str, items: Iterable[Item]) -> Iterator[tuple[str, tuple[Item, str]]]:
    for place, item in zip(range(1, PLACES[kind] + 1), items, strict=False):
        if item.name:
            yield f"{kind}_{place}", (item, item.name)
        if item.url:
            yield f"{kind}_{place}_url", (item, item.url)
