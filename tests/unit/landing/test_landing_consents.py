"""What a row of consents says: a yes only where it can be read, a no wherever it may be one."""

from __future__ import annotations

import itertools
from typing import Any

import polars as pl
import pytest

from churn_assets.consent.words import CHANNEL_WORDS, PURPOSE_WORDS, YES_WORDS, simple
from churn_assets.contracts.channels import SENDING_CHANNELS
from tests.unit.landing.conftest import Shop

HEADER = "user_id,channel,purpose,is_granted,changed_at"
SAID = ", ".join(f"{channel}_consent" for channel in (*SENDING_CHANNELS, "all"))
OTHERS = (None,) * len(SENDING_CHANNELS)  # all but email
NOBODY = (None, *OTHERS)
EMAIL_YES = (True, *OTHERS)
EMAIL_NO = (False, *OTHERS)
ANY_NO = (*(False for _ in SENDING_CHANNELS), None)  # of a channel that nobody knows
ALL_NO = (*ANY_NO[:-1], False)


@pytest.fixture
def said(shop: Shop) -> Any:
    """What one row says of each channel, email first, and of all; None where it is refused."""

    def read(
        channel: str, purpose: str, is_granted: str, changed_at: str = "2026-11-01 10:00:00.5", **settings: Any
    ) -> Any:
        shop.put("orders/a.csv", "order_id,user_id,ordered_at,amount\no1,u1,2026-11-01,5\n")
        shop.put("consents/a.csv", f'{HEADER}\nu1,"{channel}","{purpose}","{is_granted}",{changed_at}\n')
        rows = shop.rows("consents", SAID, **settings)
        return rows[0] if rows else None

    return read


def test_words_are_known_however_they_are_spelt(shop: Shop) -> None:
    """All 70 in one file: to read a landing takes a tenth of a second, whatever is in it."""
    channels = ["email", "Email", " E-MAIL ", "e_mail", "e\u2011mail", "邮件", "eMail\t"]
    purposes = ["direct_marketing", "Direct-Marketing", "marketing", "Promotions", "营销"]
    words = list(itertools.product(channels, purposes, ["Yes", "no"]))
    rows = [f'u{number},"{channel}","{purpose}","{granted}",2026-11-01 10:00:00.5'
            for number, (channel, purpose, granted) in enumerate(words)]  # fmt: skip
    shop.put("orders/a.csv", "order_id,user_id,ordered_at,amount\no1,u1,2026-11-01,5\n")
    shop.put("consents/a.csv", "\n".join([HEADER, *rows]) + "\n")
    said = {words[int(user[1:])]: tuple(consents) for user, *consents in shop.rows("consents", f"user_id, {SAID}")}
    assert said == {each: EMAIL_YES if each[2] == "Yes" else EMAIL_NO for each in words}


@pytest.mark.parametrize(
    "word", ["false", "0", "off", "withdrawn", "unsubscribed", "", "pending", "revoked", "?", "NULL"]
)
def test_whatever_is_no_known_yes_is_a_no(said: Any, word: str) -> None:
    assert said("email", "marketing", word) == EMAIL_NO
    assert said("ALL", "marketing", word) == ALL_NO


@pytest.mark.parametrize("word", ["smoke signals", "", "mail", "phone", "newsletter", "email,sms"])
def test_of_a_channel_nobody_knows_a_yes_gives_nothing_and_a_no_ends_all(said: Any, shop: Shop, word: str) -> None:
    assert said(word, "marketing", "yes") is None
    ((_, reason),) = shop.refused("consents")
    assert reason == "channel is not known, so its yes gives nothing"
    assert said(word, "marketing", "no") == ANY_NO


def test_of_a_purpose_nobody_knows_a_yes_gives_nothing_and_a_no_ends_the_channel(said: Any) -> None:
    assert said("email", "fun", "yes") is None
    assert said("email", "fun", "no") == EMAIL_NO


@pytest.mark.parametrize("is_granted", ["yes", "no"])
def test_what_is_known_to_be_about_something_else_touches_nothing(said: Any, is_granted: str) -> None:
    assert said("WhatsApp", "marketing", is_granted) == NOBODY
    assert said("email", "profiling", is_granted) == NOBODY


@pytest.mark.parametrize("changed_at", ["", "soon", "26-10-01", "0000-00-00", "1970-01-01", "9999-12-31", "2026-11-28"])
def test_a_yes_needs_a_possible_time_and_a_no_does_not(said: Any, changed_at: str) -> None:
    assert said("email", "marketing", "yes", changed_at) is None
    assert said("email", "marketing", "no", changed_at) == EMAIL_NO


def test_words_of_a_shop_are_settings(said: Any) -> None:
    words = {"channels": {"Brief-Mail": "email"}, "purposes": {"kontakt": "direct_marketing"}, "granted": ["Erteilt"]}
    assert said("brief mail", "KONTAKT", "erteilt", consent_words=words) == EMAIL_YES


@pytest.mark.parametrize(
    ("changed_at", "yes_at", "no_at"),
    [
        ("2026-11-01", "2026-11-01 00:00:00", "2026-11-01 23:59:59.999999"),
        ("2026-11-01 10:00", "2026-11-01 10:00:00", "2026-11-01 10:00:59.999999"),
        ("2026-11-01 10:00:07", "2026-11-01 10:00:07", "2026-11-01 10:00:07.999999"),
        ("2026-11-01 10:00:07.5", "2026-11-01 10:00:07.5", "2026-11-01 10:00:07.5"),
        ("2026-11-01T10:00:07+08:00", "2026-11-01 02:00:07", "2026-11-01 02:00:07.999999"),
    ],
)
def test_a_yes_counts_at_its_earliest_and_a_no_at_its_latest(
    said: Any, shop: Shop, changed_at: str, yes_at: str, no_at: str
) -> None:
    said("email", "marketing", "yes", changed_at)
    assert shop.rows("consents", "counts_at::varchar") == [(yes_at,)]
    said("email", "marketing", "no", changed_at)
    assert shop.rows("consents", "counts_at::varchar") == [(no_at,)]


def test_in_the_hour_that_comes_twice_a_yes_is_the_first_and_a_no_the_second(said: Any, shop: Shop) -> None:
    said("email", "marketing", "yes", "2026-10-25 02:30:00.5")
    assert shop.rows("consents", "counts_at::varchar", time_zone="Europe/Berlin") == [("2026-10-25 00:30:00.5",)]
    said("email", "marketing", "no", "2026-10-25 02:30:00.5")
    assert shop.rows("consents", "counts_at::varchar", time_zone="Europe/Berlin") == [("2026-10-25 01:30:00.5",)]


def test_a_no_without_a_time_counts_from_when_it_was_known_or_for_ever(shop: Shop) -> None:
    shop.put("orders/a.csv", "order_id,user_id,ordered_at,amount\no1,u1,2026-11-01,5\n")
    shop.put(
        "consents/a.csv", f"{HEADER},ingested_at\nu1,email,marketing,no,,2026-11-02 10:00:00\nu2,email,marketing,no,,\n"
    )
    assert shop.rows("consents", "user_id, counts_at::varchar, known_at::varchar") == [
        ("u1", "2026-11-02 10:00:00", "2026-11-02 10:00:00"),
        ("u2", "9999-12-31 00:00:00", "1900-01-01 00:00:00"),
    ]


def test_a_no_of_nobody_is_refused_and_named(shop: Shop) -> None:
    shop.put("orders/a.csv", "order_id,user_id,ordered_at,amount\no1,u1,2026-11-01,5\n")
    shop.put("consents/a.csv", f"{HEADER}\n1.63E+17,email,marketing,no,2026-11-01\n,email,marketing,no,2026-11-01\n")
    assert shop.refused("consents") == [
        ("1.63E+17|email|marketing|2026-11-01", "user_id is a rounded number"),
        ("email|marketing|2026-11-01", "user_id is missing"),
    ]


@pytest.mark.parametrize("granted", [[True, False], [1, 0], [1.0, 0.0], ["1.0", "0.0"], ["T", "F"]])
def test_types_of_files_say_the_same(shop: Shop, granted: list[Any]) -> None:
    shop.put("orders/a.csv", "order_id,user_id,ordered_at,amount\no1,u1,2026-11-01,5\n")
    shop.put("consents/a.parquet", pl.DataFrame({
        "user_id": ["a", "b"], "channel": ["email"] * 2, "purpose": ["marketing"] * 2, "is_granted": granted,
        "changed_at": ["2026-11-01"] * 2,
    }))  # fmt: skip
    assert shop.rows("consents", "user_id, email_consent") == [("a", True), ("b", False)]


def test_a_deleted_row_is_a_no(shop: Shop) -> None:
    shop.put("orders/a.csv", "order_id,user_id,ordered_at,amount\no1,u1,2026-11-01,5\n")
    shop.put("consents/a.csv", f"{HEADER},__deleted\nu1,email,marketing,yes,2026-11-01,true\n")
    assert shop.rows("consents", "email_consent") == [(False,)]


def test_no_word_means_two_things() -> None:
    for words in (CHANNEL_WORDS, PURPOSE_WORDS):
        meanings: dict[str, set[str]] = {}
        for word, meaning in words.items():
            meanings.setdefault(simple(word), set()).add(meaning)
        assert {word: found for word, found in meanings.items() if len(found) > 1} == {}
    assert "" not in {simple(word) for word in YES_WORDS}
