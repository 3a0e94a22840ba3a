"""An approval holds in the home where it was given, and nowhere else: not elsewhere with its key, not in a copy."""

from __future__ import annotations

import hashlib
import hmac
import os
import shutil
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import pytest

from churn_assets.delivery.signature import Signer
from churn_assets.instance.home import Home
from churn_assets.instance.identity import FACT, identity
from churn_assets.instance.outbox import Approval
from churn_assets.instance.record.store import Record
from churn_assets.settings.load import Settings

APPROVAL = Approval(date(2026, 11, 16), "ab" * 32, 7, 12.5, "ana", datetime(2026, 11, 17, 9), "")
ELSEWHERE = "given in another home, or in this one before it was copied, moved or brought back from a backup"


def signer(home: Home, settings: Settings = Settings()) -> Signer:  # noqa: B008 - frozen
    return Signer.of(home, Record(home.record), settings)


@pytest.fixture
def signed(home: Home) -> Approval:
    return signer(home).signed(APPROVAL)


def test_it_holds_where_it_was_given_however_the_home_is_reached(home: Home, signed: Approval, tmp_path: Path) -> None:
    assert signer(home).why_not(signed) is None
    (tmp_path / "link").symlink_to(home.root)
    assert signer(Home(tmp_path / "link")).why_not(signed) is None


@pytest.mark.parametrize(
    "change",
    [
        {"snapshot": date(2026, 11, 9)}, {"plan_sha256": "cd" * 32}, {"messages": 8}, {"cost_amount": 12.51},
        {"approved_by": "mallory"}, {"approved_at": datetime(2026, 11, 17, 10)},
    ],
)  # fmt: skip
def test_any_change_breaks_it(home: Home, signed: Approval, change: dict[str, object]) -> None:
    assert signer(home).why_not(replace(signed, **change)) == "was not signed on this instance"  # type: ignore[arg-type]


def test_it_does_not_hold_in_another_home_that_has_the_key(home: Home, signed: Approval, tmp_path: Path) -> None:
    other = Home(tmp_path / "other").prepare()
    shutil.copytree(home.secrets, other.secrets)
    assert ELSEWHERE in str(signer(other).why_not(signed))
    place = signer(other).place
    renamed = replace(signed, signature=".".join([place, *signed.signature.split(".")[1:]]))
    assert signer(other).why_not(renamed) == "was not signed on this instance"


def whole(home: Home, copy: Path) -> Home:
    shutil.copytree(home.root, copy)
    return Home(copy)


def hard_linked(home: Home, copy: Path) -> Home:
    shutil.copytree(home.root, copy, copy_function=os.link)
    return Home(copy)


def brought_back(home: Home, copy: Path) -> Home:
    """From a backup, to where it was."""
    shutil.copytree(home.root, copy)
    kept = home.root.rename(home.root.with_name("lost"))
    copy.rename(home.root)
    assert kept.exists(), "or the file system may give its numbers away again"
    return home


def moved(home: Home, copy: Path) -> Home:
    home.root.rename(copy)
    return Home(copy)


@pytest.mark.parametrize("act", [whole, hard_linked, brought_back, moved])
def test_it_does_not_hold_in_a_copy(home: Home, signed: Approval, tmp_path: Path, act: object) -> None:
    name = identity(Record(home.record))
    copy = act(home, tmp_path / "copy")  # type: ignore[operator]
    assert identity(Record(copy.record)) == name, "a copy has the name of what it is a copy of"
    assert ELSEWHERE in str(signer(copy).why_not(signed))
    assert signer(copy).why_not(signer(copy).signed(APPROVAL)) is None, "approved anew"


def test_one_of_before_homes_were_named_has_to_be_given_again(home: Home) -> None:
    key = signer(home).key
    words = ("2026-11-16", "ab" * 32, "7", "12.5", "ana", "2026-11-17T09:00:00")
    old = hmac.new(key, "\x1f".join(words).encode(), hashlib.sha256).hexdigest()
    told = signer(home).why_not(replace(APPROVAL, signature=old))
    assert told == "was given before approvals were bound to their home"


def test_one_of_before_settings_were_signed_has_to_be_given_again(home: Home, signed: Approval) -> None:
    place, _, code = signed.signature.split(".")
    why_not = signer(home).why_not(replace(signed, signature=f"{place}.{code}"))
    assert why_not == "was given before approvals were bound to where messages go"


@pytest.mark.parametrize("changed", [
    {"delivery": {"webhook_url": "https://elsewhere.example/x"}}, {"delivery": {"private_hosts": ["inside"]}},
    {"delivery": {"smtp_host": "mail.elsewhere.example"}}, {"delivery": {"call": None}},
    {"delivery": {"services": {"mailer": {"send": {"url": "https://elsewhere.example/x"}}}}},
    {"delivery": {"sender": "mallory@elsewhere.example"}}, {"decisions": {"automatic_approval_amount": 1e6}},
])  # fmt: skip
def test_messages_go_where_they_would_have_gone_when_it_was_given(
    home: Home, signed: Approval, changed: dict[str, object]
) -> None:
    after = signer(home, Settings.model_validate(changed))
    assert "settings of where messages go were changed" in str(after.why_not(signed))
    place, _, code = signed.signature.split(".")
    forged = replace(signed, signature=f"{place}.{after.spending}.{code}")
    assert after.why_not(forged) == "was not signed on this instance"


def test_what_does_not_say_where_to_changes_nothing(home: Home, signed: Approval) -> None:
    changed = {
        "delivery": {"attempts": 2, "webhook_secret": "whsec_" + "QUJD" * 10},
        "decisions": {"budget_amount": 5.0},
    }
    assert signer(home, Settings.model_validate(changed)).why_not(signed) is None


def test_a_home_is_named_once_and_no_two_alike(home: Home, tmp_path: Path) -> None:
    record = Record(home.record)
    assert identity(record) == identity(record) == record.fact(FACT)
    assert len({identity(record), identity(Record(tmp_path / "other.sqlite"))}) == 2
