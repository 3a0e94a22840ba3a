"""Words, numbers, money and dates of one language, for pages that people read.

Texts are written in English where they are used; their translations are in `locale/zh.po` (gettext, read as it is, so
that nothing has to be compiled). A test holds the file complete.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any, Literal, cast

from babel.core import Locale
from babel.dates import format_date
from babel.messages.pofile import read_po
from babel.numbers import (
    format_compact_decimal,
    format_currency,
    format_decimal,
    format_percent,
    get_currency_precision,
)

from churn_assets.settings.domain import Domain

Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = ("en", "zh")
LOCALES: Mapping[Language, str] = {"en": "en_GB", "zh": "zh_Hans_CN"}
NAMES: Mapping[Language, str] = {"en": "English", "zh": "中文"}
FOLDER = Path(__file__).parent / "locale"
COMPACT_FROM = 10_000  # 9,870 but 12 k: the fourth digit of a sum tells nobody anything
WHOLE_FROM = 10
NO_DIGIT_FROM, NO_DIGIT_UNTIL = 100_000, 1_000_000  # 12.3 k, 123 k, 1.2 M
UNKNOWN = "\N{EN DASH}"
SHOP = Domain()
MINUS = "\N{MINUS SIGN}"


@cache
def _translations(language: Language) -> Mapping[Any, Any]:
    """By message (a pair where it has a plural)."""
    if language == "en":
        return {}
    with (FOLDER / f"{language}.po").open("rb") as file:
        return {message.id: message.string for message in read_po(file, locale=language) if message.id}


@dataclass(frozen=True)
class Words:
    """`currency`: ISO code of orders.amount, or None: sums are without a sign. `domain`: what purchases are called."""

    language: Language
    currency: str | None = None
    domain: Domain = SHOP

    @property
    def locale(self) -> Locale:
        return Locale.parse(LOCALES[self.language])

    def __call__(self, message: str, **values: object) -> str:
        """The message in this language, with its values."""
        text = self._in_words(cast("str", _translations(self.language).get(message) or message))
        return text.format(**values) if values else text

    def many(self, one: str, other: str, count: int, **values: object) -> str:
        """The form of the message that belongs to the number; `{n}` is the number."""
        translated = _translations(self.language).get((one, other))
        forms = tuple(translated) if translated and all(translated) else (one, other)
        text = forms[0] if len(forms) == 1 or self.locale.plural_form(count) == "one" else forms[1]
        return self._in_words(text).format(n=self.count(count), **values)

    def _in_words(self, text: str) -> str:
        return self.domain.in_words(text, self.language)

    def count(self, number: float | None) -> str:
        if number is None:
            return UNKNOWN
        return _signed(format_decimal(number, "#,##0", locale=self.locale))

    def number(self, number: float | None, digits: int = 1) -> str:
        if number is None:
            return UNKNOWN
        pattern = f"#,##0.{'0' * digits}" if digits else "#,##0"
        return _signed(format_decimal(number, pattern, locale=self.locale))

    def money(self, amount: float | None) -> str:
        """Whole units; large sums in thousands and millions."""
        if amount is None:
            return UNKNOWN
        if abs(amount) >= COMPACT_FROM:
            digits = 0 if NO_DIGIT_FROM <= abs(amount) < NO_DIGIT_UNTIL else 1
            text = format_compact_decimal(abs(amount), locale=self.locale, fraction_digits=digits)
            return f"{MINUS if amount < 0 else ''}{self._sign()}{text}"
        if self.currency is None:
            return _signed(format_decimal(amount, "#,##0", locale=self.locale))
        return _signed(format_currency(amount, self.currency, "¤#,##0", locale=self.locale, currency_digits=False))

    def small_money(self, amount: float | None) -> str:
        """With two digits, for what one user costs or gains; whole from 10 on where the currency has no cents."""
        if amount is None:
            return UNKNOWN
        if self.currency is None:
            return _signed(format_decimal(amount, "#,##0.00", locale=self.locale))
        is_whole = get_currency_precision(self.currency) == 0 and abs(amount) >= WHOLE_FROM
        pattern = "¤#,##0" if is_whole else "¤#,##0.00"  # a push for 0.02 yen is not free
        return _signed(format_currency(amount, self.currency, pattern, locale=self.locale, currency_digits=False))

    def percent(self, share: float | None, digits: int = 0) -> str:
        if share is None:
            return UNKNOWN
        return _signed(format_percent(share, f"#,##0{'.' + '0' * digits if digits else ''}%", locale=self.locale))

    def of_100(self, share: float | None, digits: int = 0) -> str:
        """A share as a number of 100 users."""
        return UNKNOWN if share is None else self.number(100 * share, digits)

    def interval(self, low: float | None, high: float | None, shown: Any) -> str:
        """`[low, high]`, each as `shown` shows it; nothing where there is none."""
        return "" if low is None or high is None else f"[{shown(low)}, {shown(high)}]"

    def day(self, day: date) -> str:
        return format_date(day, "long", locale=self.locale)

    def short_day(self, day: date) -> str:
        return format_date(day, "d MMM" if self.language == "en" else "M月d日", locale=self.locale)

    def moment(self, at: datetime) -> str:
        return f"{self.day(at.date())} {at:%H:%M} UTC"

    def _sign(self) -> str:
        return "" if self.currency is None else format_currency(0, self.currency, "¤", locale=self.locale)


def _signed(text: str) -> str:
    """A minus as wide as a plus, and none before a zero."""
    if not text.startswith("-"):
        return text
    return f"{MINUS}{text[1:]}" if re.search("[1-9]", text) else text[1:]
