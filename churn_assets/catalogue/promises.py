"""Whether the slots of a text and its arm keep what its words promise.

Every text is checked against the words of all languages: languages are mixed in practice.
"""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING

from churn_assets.catalogue.offers import broken_offer, units_of_level
from churn_assets.catalogue.promise_words import PROMISES, plain
from churn_assets.catalogue.slots import CODE, ITEM_SLOTS, KINDS, LEVEL, PLACES, SLOTS, UNSUBSCRIBE, UNTIL, parts_of
from churn_assets.catalogue.sms import places

if TYPE_CHECKING:
    from collections.abc import Iterator

    from churn_assets.catalogue.arms import Arm
    from churn_assets.catalogue.texts import Text

KNOWN = (
    f"{', '.join(f'{kind}_1 to {kind}_{most}' for kind, most in PLACES.items())} (with _url: the page of the item), "
    f"{LEVEL}, {UNTIL}, {CODE}, {UNSUBSCRIBE}"
)
# What other systems would fill, and what a draft leaves to be written: here nothing fills it, and thousands would get
# the text as it stands. Capitals only: "todo" is a Spanish word.
PLACEHOLDERS = re.compile(
    r"<<[^>]*>>"  # <<name>>: mail merge
    r"|\[[A-Z][A-Z _]+\]"  # [FIRST NAME]: templates to copy
    r"|%[A-Z_]{3,}%"  # %COUPON%: newsletter tools
    r"|\bTODO\b|\bXXX+\b"  # marks of a draft; XXL is a size
)
FILLED = "\N{OBJECT REPLACEMENT CHARACTER}"  # stands for a slot, so that its name is not read as a word of the text
ITEM_CHARACTERS, URL_CHARACTERS = 40, 60  # lengths assumed; an arm with a longer one is not sent by SMS


def broken_promises(arm: Arm) -> Iterator[str]:
    """One message per promise of a text that is not kept: the language, the word, and the fix."""
    for language, versions in arm.texts.items():
        for number, text in enumerate(versions, start=1):
            place = language if len(versions) == 1 else f"{language}, version {number}"
            for line in _broken(arm, text):
                yield f"arm {arm.arm!r}, text {place}: {line}"
    bodies = [plain(f"{text.subject}\n{text.body}") for versions in arm.texts.values() for text in versions]
    units = set().union(*(units_of_level(body) for body in bodies))
    if len(units) > 1:
        yield f"arm {arm.arm!r}: its texts count {{level}} in percent and in money; a level is one of them"


def _broken(arm: Arm, text: Text) -> Iterator[str]:
    try:
        parts = [part for words in (text.subject, "\n", text.body) for part in parts_of(words)]
    except ValueError as error:
        yield f"cannot be read as a template: {error}"
        return
    slots = text.slots
    unknown = sorted(slots - set(SLOTS))
    if unknown:
        similar = get_close_matches(unknown[0], SLOTS, n=1)
        suggestion = f" (did you mean {{{similar[0]}}}?)" if similar else ""
        yield f"slot {{{unknown[0]}}} is unknown{suggestion}; known slots: {KNOWN}"
        return
    words = plain("".join(literal + (FILLED if name is not None else "") for literal, name in parts))
    for promise in PROMISES:
        match = promise.words.search(words)
        if match and not slots & promise.slots:
            yield f"says {match[0]!r} and has no slot for it: {promise.fix}"
    text_with_level = "".join(
        literal + (f"{{{name}}}" if name == LEVEL else FILLED if name else "") for literal, name in parts
    )
    yield from broken_offer(plain(text_with_level), arm.offer, [level.level for level in arm.strengths()])
    yield from _unfilled(arm, slots, words)
    if arm.channel == "email" and UNSUBSCRIBE not in text.slots:
        yield "is an e-mail without an unsubscribe link: write {unsubscribe_url}"
    if arm.channel == "sms":
        yield from _too_long(arm, text)


def _unfilled(arm: Arm, slots: frozenset[str], words: str) -> Iterator[str]:
    """Slots that nothing fills, and placeholders of other systems."""
    brace = re.search(r"[{}]", words) or PLACEHOLDERS.search(words)
    if brace:
        yield f"holds {brace[0]!r}, which nobody fills: write a slot such as {{level}}, or leave it out"
    if CODE in slots and arm.code is None:
        yield "has {code}, and the arm does not say where codes come from: set its `code` to pool or receiver"
    if CODE not in slots and arm.code is not None:
        yield f"has no {{code}} although the arm's `code` is {arm.code}: write it, or take `code` from the arm"
    if LEVEL in slots and not arm.levels:
        yield "has {level}, and the arm has no levels: state them, or write it without"
    if UNSUBSCRIBE in slots and arm.channel in ("call", "none"):
        yield f"has {{unsubscribe_url}}, which nobody can open by channel {arm.channel}: leave it out"


def _too_long(arm: Arm, text: Text) -> Iterator[str]:
    """A text whose SMS, with slots of the assumed lengths, does not fit one part."""
    values = {slot: "m" * (URL_CHARACTERS if slot.endswith("_url") else ITEM_CHARACTERS) for slot in ITEM_SLOTS}
    values |= {LEVEL: max((level.level or "" for level in arm.strengths()), key=len), UNTIL: "2000-01-01"}
    values |= {slot: f"{{{slot}}}" for slot in (CODE, UNSUBSCRIBE)}
    needed, available = places(text.body.format(**values))
    if needed > available:
        yield (
            f"takes up to {needed} places, and one SMS in these letters has {available}: shorten it; items count "
            f"{ITEM_CHARACTERS} characters, links {URL_CHARACTERS}"
        )


def sources_needed(texts: tuple[Text, ...]) -> frozenset[str]:
    """Sources of recommended items that the texts can use, as in recommended_items; empty: a text needs no item."""
    if any(not text.item_slots for text in texts):
        return frozenset()
    kinds = {ITEM_SLOTS[slot] for text in texts for slot in text.item_slots}
    return frozenset(KINDS.values()) if "item" in kinds else frozenset(KINDS[kind] for kind in kinds)
