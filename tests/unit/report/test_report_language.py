"""The report says the same in both languages, and numbers as each of them writes them."""

from __future__ import annotations

import re
from datetime import date

import pytest
from babel.messages.pofile import read_po

from churn_assets.report.language import FOLDER, MINUS, Words
from tests.unit.report.messages import messages

SLOT = re.compile(r"\{(\w+)\}")
TEXTS = list(dict.fromkeys(messages()))


def translations() -> dict[str | tuple[str, ...], str | tuple[str, ...]]:
    with (FOLDER / "zh.po").open("rb") as file:
        return {message.id: message.string for message in read_po(file, locale="zh") if message.id}


def test_every_text_has_a_translation_and_no_translation_is_of_nothing() -> None:
    known = translations()
    assert [text for text in TEXTS if text not in known or not all(known[text])] == []
    assert [text for text in known if text not in TEXTS] == []
    assert len(TEXTS) > 150


@pytest.mark.parametrize("text", TEXTS, ids=str)
def test_a_translation_fills_in_the_same_values(text: str | tuple[str, str]) -> None:
    translated = translations()[text]
    english = text if isinstance(text, str) else text[1]
    chinese = translated if isinstance(translated, str) else translated[0]
    assert sorted(set(SLOT.findall(chinese))) == sorted(set(SLOT.findall(english)))


@pytest.mark.parametrize(("amount", "english", "chinese"), [
    (0.4, "€0", "€0"), (-0.4, "€0", "€0"), (9_999, "€9,999", "€9,999"), (12_345, "€12.3K", "€1.2万"),
    (510_000, "€510K", "€51万"), (-221_400, f"{MINUS}€221K", f"{MINUS}€22万"), (1_604_000, "€1.6M", "€160.4万"),
])  # fmt: skip
def test_money(amount: float, english: str, chinese: str) -> None:
    assert (Words("en", "EUR").money(amount), Words("zh", "EUR").money(amount)) == (english, chinese)
    assert "€" not in Words("en").money(amount)


@pytest.mark.parametrize(
    ("amount", "yen", "euros"), [(1234.0, "1,234", "1,234.00"), (-980.4, "980", "980.40"), (0.02, "0.02", "0.02")]
)
def test_a_currency_without_cents_is_shown_without(amount: float, yen: str, euros: str) -> None:
    sign = MINUS if amount < 0 else ""
    shown = [Words("en", each).small_money(amount) for each in ("JPY", "EUR")]
    assert shown == [f"{sign}JP¥{yen}", f"{sign}€{euros}"]


def test_a_number_below_zero_has_a_minus_and_zero_has_none() -> None:
    words = Words("en")
    assert (words.number(-3.14), words.number(-0.04), words.count(-1200)) == (f"{MINUS}3.1", "0.0", f"{MINUS}1,200")
    assert words.small_money(-2.5) == f"{MINUS}2.50"
    assert words.count(None) == words.money(None) == words.percent(None) == "\N{EN DASH}"


def test_one_and_many() -> None:
    english, chinese = Words("en"), Words("zh")
    assert english.many("{n} user", "{n} users", 1) == "1 user"
    assert english.many("{n} user", "{n} users", 1_500) == "1,500 users"
    assert chinese.many("{n} user", "{n} users", 1) == "1 位用户"


def test_days() -> None:
    assert Words("en").day(date(2026, 11, 16)) == "16 November 2026"
    assert Words("zh").day(date(2026, 11, 16)) == "2026年11月16日"
    assert (Words("en").short_day(date(2026, 11, 2)), Words("zh").short_day(date(2026, 11, 2))) == ("2 Nov", "11月2日")
