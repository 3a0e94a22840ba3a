"""What the values of a column of a sample look like: times and how they are written, numbers, ids, words of consent."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

MOST = 0.8  # so many of the values that are there have to look alike
# As the landing reads without being told (landing/times.py).
NATIVE = re.compile(
    r"\d{4}([-/])\d{1,2}[-/]\d{1,2}(?:[T ] *\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?)?"
    r" *(?:Z|z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)?"
)
CLOCK = re.compile(r"\d{1,2}:\d{2}(:\d{2})?( ?[APap][Mm])?")
EPOCHS = {10: "seconds", 13: "milliseconds", 16: "microseconds"}
DAYS_FIRST = ("%d.%m.%Y", "%d/%m/%Y", "%d-%m-%Y", "%d.%m.%y", "%d/%m/%y")
MONTHS_FIRST = ("%m/%d/%Y", "%m-%d-%Y", "%m/%d/%y")
OTHERS = ("%Y%m%d", "%Y.%m.%d", "%d %b %Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%d-%b-%Y", "%d-%b-%y",
          "%Y年%m月%d日", "%a %b %d %Y", "%b %d %Y")  # fmt: skip
CLOCKS = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p", ", %H:%M", ", %H:%M:%S", ", %I:%M %p",
          ", %I:%M:%S %p", "T%H:%M:%S", "T%H:%M", " at %I:%M %p", " %H:%M:%S.%f", "%H%M%S", "  %H:%M")  # fmt: skip
NUMBER = re.compile(r"[+-]?[\d.,'\u2019 \u00a0]*\d[\d.,]*")
NO_VALUE = ("", "null", "\\n", "nan", "none", "n/a", "-")
YES_OR_NO = (
    "yes", "no", "y", "n", "true", "false", "t", "f", "1", "0", "subscribed", "unsubscribed", "never subscribed",
    "opted in", "opted out", "granted", "denied", "withdrawn", "是", "否", "not_subscribed", "never_subscribed",
    "opt-in", "opt-out", "opt_in", "opt_out", "ja", "nein", "oui", "non", "si", "sí", "pending", "cleaned",
    "invalid", "redacted", "active", "inactive",
)  # fmt: skip


@dataclass(frozen=True)
class TimeForm:
    """`made`: what to state of the column in mapping.yaml; `is_doubtful`: days before months as well as after them."""

    made: dict[str, Any]
    is_doubtful: bool = False
    has_clock: bool = True


@dataclass(frozen=True)
class NumberForm:
    """How amounts are written, in the words of the settings."""

    decimal_separator: str
    thousands_separator: str
    signs: tuple[str, ...]


def filled(values: Sequence[str | None]) -> list[str]:
    return [text for value in values if (text := (value or "").strip()).lower() not in NO_VALUE]


def time_form(values: Sequence[str | None]) -> TimeForm | None:
    """How a column of times is written; None if it holds none."""
    texts = filled(values)
    if not texts:
        return None
    if _share(texts, lambda text: bool(NATIVE.fullmatch(text))) >= MOST:
        return TimeForm({}, has_clock=any(":" in text for text in texts))
    lengths = Counter(len(text) for text in texts if text.isdigit())
    if lengths and sum(lengths.values()) >= MOST * len(texts):
        length = lengths.most_common(1)[0][0]
        if length in EPOCHS and texts[0][0] in "123":
            return TimeForm({"epoch": EPOCHS[length]})
    fitting = [
        day + clock
        for day in (*DAYS_FIRST, *MONTHS_FIRST, *OTHERS)
        for clock in CLOCKS
        if _share(texts, lambda text, form=day + clock: _parses(text, form)) >= MOST
    ]
    if not fitting:
        return None
    first = fitting[0]
    if first.startswith(DAYS_FIRST[1:3]) and any(form.startswith(MONTHS_FIRST) for form in fitting):
        american = next(form for form in fitting if form.startswith(MONTHS_FIRST))
        # A clock of twelve hours is American; otherwise nothing says so.
        return TimeForm({"format": american if "%p" in american else first}, is_doubtful="%p" not in american)
    return TimeForm({"format": first}, has_clock="%H" in first or "%I" in first)


def is_clock(values: Sequence[str | None]) -> bool:
    """Whether a column holds a time of day alone."""
    texts = filled(values)
    return bool(texts) and _share(texts, lambda text: bool(CLOCK.fullmatch(text))) >= MOST


def number_form(values: Sequence[str | None]) -> NumberForm | None:
    """How a column of amounts is written; None if it holds none."""
    texts = filled(values)
    bare = [(text, match.group().strip()) for text in texts if (match := NUMBER.search(text))]
    if not bare or len(bare) < MOST * len(texts):
        return None
    around = Counter(
        sign
        for text, number in bare
        for sign in (part.strip(" \u00a0()+-") for part in text.replace(number, "\0").split("\0"))
        if sign
    )
    if any(len(sign) > 4 or any(c.isdigit() for c in sign) for sign in around):  # noqa: PLR2004 - EUR, US$, CHF
        return None
    numbers = [number for _, number in bare]
    commas = sum(bool(re.search(r",\d{1,2}$", number)) for number in numbers)
    points = sum(bool(re.search(r"\.\d+$", number)) for number in numbers)
    decimal = "," if commas > points else "."
    other = "." if decimal == "," else ","
    grouped = [
        sep for sep in (other, "'", " ") if any(re.search(rf"\d{re.escape(sep)}\d{{3}}(\D|$)", n) for n in numbers)
    ]
    return NumberForm(decimal, grouped[0] if grouped else "", tuple(sorted(around)))


def is_id(values: Sequence[str | None], *, needs_digit: bool = False) -> bool:
    """Whether a column may hold ids: words without blanks; an order has a number."""
    texts = filled(values)
    if not texts:
        return False
    if needs_digit and _share(texts, lambda text: any(c.isdigit() for c in text)) < MOST:
        return False
    return _share(texts, lambda text: len(text) <= 80 and not re.search(r"\s", text)) >= MOST  # noqa: PLR2004


def is_yes_or_no(values: Sequence[str | None]) -> bool:
    texts = filled(values)
    return bool(texts) and _share(texts, lambda text: text.lower() in YES_OR_NO) >= MOST


def is_address(values: Sequence[str | None]) -> bool:
    texts = filled(values)
    return bool(texts) and _share(texts, lambda text: bool(re.fullmatch(r"[^@\s]+@[^@\s]+", text))) >= MOST


def is_unique(values: Sequence[str | None]) -> bool:
    texts = filled(values)
    return len(set(texts)) == len(texts)


def _separates(sign: str, number: str) -> bool:
    return re.search(rf"\d{re.escape(sign)}\d{{3}}(\D|$)", number) is not None


def _share(texts: Sequence[str], holds: Any) -> float:
    return sum(map(bool, map(holds, texts))) / len(texts)


def _parses(text: str, form: str) -> bool:
    try:
        return datetime.strptime(text, form).year > 1990  # noqa: DTZ007, PLR2004 - of the sample only
    except ValueError:
        return False
