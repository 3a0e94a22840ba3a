"""Words that promise something, in English and Chinese (simplified and traditional), and the slots that keep it.

The list covers frequent promises only. Amounts and discounts are in offers.py, the check in promises.py.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

from churn_assets.catalogue.slots import CODE, ITEM_SLOTS, UNTIL

UNIT = r"(?:hours?|days?|weeks?)"
DAY = r"(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day|\d{1,2}(?:st|nd|rd|th|[./])|the end\b|midnight|tomorrow)"
NUMBER = r"(?:\d+|one|two|three|seven)"


@dataclass(frozen=True)
class Promise:
    """`slots`: one of these has to be in a text with any of `words`; `fix`: what to write."""

    words: re.Pattern[str]
    slots: frozenset[str]
    fix: str


def plain(text: str) -> str:
    """The text normalised (NFKC): full-width letters as usual ones, without zero-width characters."""
    normalised = unicodedata.normalize("NFKC", text)
    return "".join(letter for letter in normalised if unicodedata.category(letter) != "Cf")


def _promise(slots: frozenset[str], fix: str, *words: str) -> Promise:
    return Promise(re.compile("|".join(words), re.IGNORECASE), slots, fix)


def _items(*kinds: str) -> frozenset[str]:
    return frozenset(slot for slot, kind in ITEM_SLOTS.items() if kind in kinds)


PROMISES: Final = (
    _promise(
        frozenset({CODE}),
        "write {code} and say with the arm's `code` where it comes from (pool or receiver), or leave the word out",
        r"\bcodes?\b|[优優]惠[码碼]|折扣[码碼]|[兑兌][换換][码碼]|促[销銷][码碼]|[优優]惠代[码碼]|券[码碼]",
    ),
    _promise(
        frozenset({UNTIL}),
        "write {valid_until}, the day on which the plan ends, or leave the word out",
        r"\b(?:un)?till?\b|\bvalid(?:ity)?\b|\bexpir\w+|\bends? (?:on|today|tonight|tomorrow|soon)\b",
        rf"\b(?:by|before) {DAY}|\b(?:today|this week(?:end)?) only\b|\bonly today\b|\blast (?:chance|days?)\b",
        rf"\blimited time\b|\b{UNIT} left\b|\b(?:for|within) (?:only )?{NUMBER} {UNIT}\b",
        r"有效|截止|截至|到期|[过過]期|限[时時]|最后\s*\d*\s*[天日]|最後\s*\d*\s*[天日]|[仅僅]限今|[仅僅]剩|\d+\s*[天日][内內]",
    ),
    _promise(
        _items("viewed"),
        "write {viewed_1}, which only users have who looked at something",
        r"\blooked at\b|\byou (?:have |'ve )?viewed\b|\bbrowsed\b|\bin your (?:cart|basket)\b|\bhad your eye on\b",
        r"\bsaved for later\b|看[过過]|[浏瀏][览覽]|收藏|[购購]物[车車]|加[购購]",
    ),
    _promise(
        _items("together"),
        "write {together_1}, what users with the same purchases bought",
        r"\bwhat you bought\b|\bbought together\b|\balso (?:bought|chose|took)\b|\bgoes (?:well )?with\b",
        r"一起[购購][买買]|搭配",
    ),
    _promise(
        _items("bought", "together"),
        "write {bought_1}, which only users have who bought something again and again",
        r"\byou (?:have |'ve )?(?:bought|ordered) (?:it|this|these|that|them)\b|\bbuy (?:it |them |this )?again\b",
        r"\btime for more\b|\brunning (?:low|out)\b|\bre-?order\b|[买買][过過]|回[购購]|再次[购購][买買]",
    ),
    _promise(
        _items("popular"),
        "write {popular_1}, what most users bought lately",
        r"\bbest-?sell\w*|\bmost popular\b|\bpopular (?:right )?now\b|\btrending\b|\bmost bought\b|\bbought by many\b",
        r"[热熱][销銷]|[热熱][门門]|[畅暢][销銷]|爆款",
    ),
    _promise(
        frozenset(ITEM_SLOTS),
        "write a slot that names one, such as {item_1}",
        r"\b(?:this|these|the) (?:items?|products?)\b|[这這][款件]|此商品|[该該]商品",
    ),
)
