"""Discounts named in a text, checked against the offer of its arm. English and Chinese, normalised by `plain`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

OFFERS_WITHOUT_DISCOUNT = ("recommendation", "care_message")
WORDS = {"five": 5, "ten": 10, "fifteen": 15, "twenty": 20, "twenty-five": 25, "thirty": 30, "forty": 40, "fifty": 50}
NUMBER = rf"(\d+(?:[.,]\d+)?|\{{level\}}|\b(?:{'|'.join(sorted(WORDS, key=len, reverse=True))})\b)"
NO_PERCENT = r"(?!\d|[.,]\d|\s*(?:%|percent\b|per cent\b))"
PERCENT = re.compile(NUMBER + r"\s*(?:%|percent\b|per cent\b)", re.IGNORECASE)
HALF = re.compile(r"\bhalf[- ]price\b|\bhalf off\b|半[价價]", re.IGNORECASE)
# Tenths of the price to be paid: 8折 is 20 % off, 85折 is 15 %.
TENTHS = re.compile(r"(\d\.\d|\d{1,2}|\{level\}|[一二三四五六七八九]五?)\s*折(?!扣)")
MONEY = re.compile(
    r"(?:[€$£¥￥]|\b(?:EUR|USD|GBP)\s?)\s*" + NUMBER + r"\s*(?:off|less|discount|back|voucher|coupon)\b"
    r"|" + NUMBER + r"\s*(?:€|euros?|dollars?|pounds?|EUR|USD|GBP)\s*(?:off|less|discount|back|voucher|coupon)\b"
    r"|\bsave\s+(?:up to\s+)?[€$£¥￥]?\s*"
    + NUMBER
    + NO_PERCENT
    + r"|(?:立[减減]|[减減]免|直[减減]|省|[减減])\s*[￥¥]?\s*"
    + NUMBER
    + NO_PERCENT
    + "|"
    + NUMBER
    + r"\s*元\s*(?:[优優]惠|代金|[红紅]包|[现現]金|券)",
    re.IGNORECASE,
)
DISCOUNT_WORDS = re.compile(
    r"\bdiscount\w*|\bcheaper\b|\bvouchers?\b|\bcoupons?\b|\bfree (?:shipping|delivery|gift|returns?)\b|\bfor free\b"
    r"|\bbuy one,? get one\b|\b(?:2|two) for (?:1|one)\b|[优優]惠|折扣|打折|特[价價]|包[邮郵]|免[邮郵]|免[运運][费費]"
    r"|[赠贈]品|[买買]一送一|[红紅]包",
    re.IGNORECASE,
)  # fmt: skip
LEVEL_UNITS = {
    "percent": re.compile(r"\{level\}\s*(?:%|percent\b|per cent\b)", re.IGNORECASE),
    "money": re.compile(
        r"[€$£¥￥]\s*\{level\}|\{level\}\s*(?:[€$£¥￥元块]|(?:euros?|dollars?|pounds?|EUR|USD|GBP)\b)", re.IGNORECASE
    ),
}
WHOLE = 100.0  # "100 % cotton" is no discount
CHINESE_DIGITS = {digit: str(place) for place, digit in enumerate("一二三四五六七八九", start=1)}


def broken_offer(text: str, offer: str, levels: Sequence[str | None]) -> Iterator[str]:
    """One message per discount in `text` (slots but {level} removed) that the offer does not have, with the fix."""
    discounts = list(_discounts(text))
    if offer in OFFERS_WITHOUT_DISCOUNT:
        word = next((word for word, _ in discounts), None) or next(
            (match[0] for match in DISCOUNT_WORDS.finditer(text)), None
        )
        if word:
            yield f"says {word!r}, and offer {offer} gives nothing: set the arm's offer (coupon, ...), or leave it out"
        return
    only_level = (
        [float(level) for level in levels if level is not None and _is_number(level)] if len(levels) == 1 else []
    )
    level_names = ", ".join(str(level) for level in levels if level is not None) or "none"
    for word, amount in discounts:
        if amount is None:
            if not all(level is not None and _is_number(level) for level in levels):
                yield f"says {word!r}, and the arm's levels ({level_names}) are no numbers: name them by what they give"
        elif amount not in only_level:
            yield f"says {word!r}, and the arm's levels are {level_names}: write {{level}}, or a level of just that"
    if re.search(r"\{level\}\s*折", text):
        yield "says '{level}折', which means what is left of the price: write 立减{level}%"


def units_of_level(text: str) -> set[str]:
    """Units in which the text states {level}: percent, money, both, or none that is recognised."""
    return {unit for unit, words in LEVEL_UNITS.items() if words.search(text)}


def _discounts(text: str) -> Iterator[tuple[str, float | None]]:
    """(word, percent or amount off) of each discount; None where the amount is {level}."""
    for match in HALF.finditer(text):
        yield match[0], 50.0
    for match in TENTHS.finditer(text):
        if "{level}" not in match[1]:
            digits = "".join(CHINESE_DIGITS.get(letter, letter) for letter in match[1])
            price_left = float(digits) * (1 if len(digits) == 2 and "." not in digits else 10)  # noqa: PLR2004 - 85折, 8.5折
            yield match[0], round(100 - price_left, 6)
    for pattern in (PERCENT, MONEY):
        for match in pattern.finditer(text):
            number = next(group for group in match.groups() if group)
            amount = None if number == "{level}" else _number(number)
            if amount != WHOLE:
                yield match[0], amount


def _number(text: str) -> float:
    word = WORDS.get(text.lower())
    return float(text.replace(",", ".")) if word is None else float(word)


def _is_number(text: str) -> bool:
    return bool(re.fullmatch(r"\d+", text))
