"""Coupon codes: each given once, whatever becomes of the message, the process or the user."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from churn_assets.decisions.messages import payload_of
from churn_assets.delivery.channels import Fate, Message, Outcome
from churn_assets.delivery.claims import Claims
from churn_assets.delivery.code_pool import CodePool, given_codes
from churn_assets.delivery.codes import free_codes
from churn_assets.delivery.consents import ConsentRecord, add_consents
from churn_assets.delivery.dispatch import dispatch
from churn_assets.delivery.rules import SendingRules
from churn_assets.delivery.wording import Wording
from churn_assets.duck import duck
from churn_assets.erasure import sqlite
from churn_assets.erasure.traces import Traces
from churn_assets.instance.outbox import OutboxStore
from churn_assets.instance.record.store import Record
from churn_assets.workplace import Workplace

NOW = datetime(2026, 11, 17, 10)
TEN = ("coupon", "10")
MakeMessages = Callable[..., pl.DataFrame]


@dataclass
class Receiver:
    """Keeps what it is given; answers as told, or dies."""

    fate: Fate = Fate.DELIVERED
    is_keyed: bool = True
    dies_at: int | None = None
    name: str = "receiver"
    taken: list[Message] = field(default_factory=list)

    def deliver(self, message: Message, address: str | None) -> Outcome:  # noqa: ARG002 - the interface
        self.taken.append(message)
        if len(self.taken) == self.dies_at:
            raise KeyboardInterrupt
        return Outcome(self.fate, "as told")

    def close(self) -> None:
        pass

    @property
    def codes(self) -> list[str]:
        return [json.loads(message.payload)["code"] for message in self.taken]


def with_slot(number: int, **changes: Any) -> dict[str, Any]:
    """A message that promises a code."""
    words = {
        "arm": "coupon", "body": "Your code: {code} {unsubscribe_url}", "code": None, "code_from": "pool", "items": [],
        "language": "en", "level": "10", "products": [], "reason": None, "snapshot_date": "2026-11-16",
        "subject": "{code}", "user_id": f"u{number}", "value_tier": "low",
    }  # fmt: skip
    return {"state": "approved", "payload": payload_of(words | changes)}


@dataclass
class Shop:
    record: Record
    lock: Path

    def plan(self, messages: pl.DataFrame) -> None:
        OutboxStore(self.record).add(messages)
        add_consents(
            self.record, [ConsentRecord(u, "email", True, datetime(2026, 1, 1)) for u in messages["user_id"]], "x", NOW
        )

    def claims(self, *codes: str, url: str | None = None) -> Claims:
        return Claims(self.record, SendingRules(4, 28, lambda _, __: False), Wording(CodePool({TEN: codes}), url))

    @property
    def keys(self) -> list[str]:
        return OutboxStore(self.record).messages()["message_key"].to_list()

    def send(self, receiver: Receiver, *codes: str, url: str | None = None) -> Counter[str]:
        claims = self.claims(*codes, url=url)
        return dispatch(claims, self.keys, {"email": receiver}, lambda _: {}, self.lock, clock=lambda: NOW)


@pytest.fixture
def shop(record: Record, tmp_path: Path) -> Shop:
    return Shop(record, tmp_path / "lock")


def test_a_code_is_filled_in_when_the_message_is_handed_over(shop: Shop, make_messages: MakeMessages) -> None:
    shop.plan(make_messages(with_slot(0)))
    planned = OutboxStore(shop.record).messages().item(0, "payload")
    receiver = Receiver()
    assert shop.send(receiver, "K1", url="https://e.org/bye") == Counter(delivered=1)
    (message,) = receiver.taken
    assert (message.subject, message.body) == ("K1", "Your code: K1 https://e.org/bye")
    assert json.loads(message.payload)["body"] == message.body
    assert OutboxStore(shop.record).messages().item(0, "payload") == planned, "the plan holds no code"


def test_what_the_receiver_fills_in_stays_as_it_is(shop: Shop, make_messages: MakeMessages) -> None:
    shop.plan(make_messages(with_slot(0, code_from="receiver")))
    receiver = Receiver()
    shop.send(receiver, "K1")
    assert receiver.taken[0].body == "Your code: {code} {unsubscribe_url}"
    assert given_codes(shop.record) == set()


def test_each_code_goes_to_one_message_and_then_the_pool_is_empty(shop: Shop, make_messages: MakeMessages) -> None:
    shop.plan(make_messages(*[with_slot(number) for number in range(3)]))
    receiver = Receiver()
    assert shop.send(receiver, "K1", "K2") == Counter({"delivered": 2, "cancelled: no_code": 1})
    assert receiver.codes == ["K1", "K2"]
    assert given_codes(shop.record) == {"K1", "K2"}
    shop.plan(make_messages({}, {}, {}, with_slot(3))[3:])
    assert shop.send(receiver, "K1", "K2", "K3") == Counter(delivered=1)
    assert receiver.codes[-1] == "K3"


def test_another_level_has_codes_of_its_own(shop: Shop, make_messages: MakeMessages) -> None:
    shop.plan(make_messages(with_slot(0, level="20")))
    assert shop.send(Receiver(), "K1") == Counter({"cancelled: no_code": 1})


@pytest.mark.parametrize("fate", [Fate.FAILED, Fate.UNKNOWN])
def test_a_code_that_was_handed_over_is_used_up_whatever_became_of_it(
    shop: Shop, make_messages: MakeMessages, fate: Fate
) -> None:
    shop.plan(make_messages(with_slot(0), with_slot(1)))
    receiver = Receiver(fate)
    shop.send(receiver, "K1", "K2")
    assert receiver.codes == ["K1", "K2"]


def test_a_message_that_goes_again_keeps_its_code(shop: Shop, make_messages: MakeMessages) -> None:
    shop.plan(make_messages(with_slot(0), with_slot(1)))
    killed = Receiver(dies_at=2)
    with pytest.raises(KeyboardInterrupt):
        shop.send(killed, "K1", "K2", "K3")
    deferring, again = Receiver(Fate.DEFERRED), Receiver()
    assert shop.send(deferring, "K1", "K2", "K3") == Counter({"taken up again": 2, "deferred": 2})
    assert shop.send(again, "K1", "K2", "K3") == Counter(delivered=2)
    assert killed.codes == deferring.codes == again.codes == ["K1", "K2"]
    assert given_codes(shop.record) == {"K1", "K2"}


def test_a_rehearsal_uses_up_no_code(shop: Shop, make_messages: MakeMessages) -> None:
    shop.plan(make_messages(with_slot(0), with_slot(1)))
    told = shop.claims("K1").rehearse(shop.keys, {"email": "receiver"}, NOW)
    assert told == Counter({"would be handed over": 1, "cancelled: no_code": 1})
    assert given_codes(shop.record) == set()


def test_without_consent_no_code_is_used_up(shop: Shop, make_messages: MakeMessages) -> None:
    shop.plan(make_messages(with_slot(0)))
    add_consents(shop.record, [ConsentRecord("u0", "email", is_granted=False, changed_at=NOW)], "unsubscribe", NOW)
    assert shop.send(Receiver(), "K1") == Counter({"cancelled: no valid consent": 1})
    assert given_codes(shop.record) == set()


def test_an_erased_user_takes_the_name_and_leaves_the_code_used_up(shop: Shop, make_messages: MakeMessages) -> None:
    shop.plan(make_messages(with_slot(0), with_slot(1)))
    shop.send(Receiver(), "K1", "K2")
    both = frozenset(shop.keys)
    traces = Traces(frozenset({"u0", "u1"}), keys=both)
    sqlite.remove(shop.record.file, traces, with_rows=True)
    assert sqlite.rows_in(shop.record.file, traces)["codes_given"] == 0
    assert given_codes(shop.record) == {"K1", "K2"}


def test_the_pool_is_what_the_snapshot_knew_and_what_outlasts_the_plan(workplace: Workplace) -> None:
    """Known before 2026-11-16; a weekly plan may name 2026-11-23, so a code has to hold through that day."""
    day, old = date(2026, 11, 16), datetime(2026, 11, 1)
    rows = [
        ("LATE", "coupon", "10", None, day, None), ("WITHDRAWN", "coupon", "10", None, old, datetime(2026, 11, 10)),
        ("SHORT", "coupon", "10", datetime(2026, 11, 23), old, None), ("GIVEN", "coupon", "10", None, old, None),
        ("LAST", "coupon", "10", None, old, None), ("FIRST", "coupon", "10", datetime(2026, 11, 24), old, None),
        ("SECOND", "coupon", "10", datetime(2026, 11, 30), old, None), ("OTHER", "gift", None, None, old, None),
        ("TO_THE_MINUTE", "coupon", "20", datetime(2026, 11, 23, 23, 59, 59), old, None),
        ("AB CD-9 优惠", "coupon", "30", None, old, None), ("A\nB", "coupon", "30", None, old, None),
        ("{level}", "coupon", "30", None, old, None), ("A" * 65, "coupon", "30", None, old, None),
    ]  # fmt: skip
    with duck(workplace.home.warehouse) as connection:
        connection.execute(
            "create schema marts; create table marts.dim_coupon_codes (code varchar, arm varchar, level varchar, "
            "expires_at timestamp, known_at timestamp, superseded_at timestamp)"
        )
        connection.executemany("insert into marts.dim_coupon_codes values (?, ?, ?, ?, ?, ?)", rows)
    with workplace.record.transaction() as connection:
        connection.execute("insert into codes_given values ('GIVEN', 'k', '2026-11-12T00:00:00')")
    free = {"coupon": ["FIRST", "SECOND", "LAST"]}
    assert free_codes(workplace, day) == {
        TEN: free["coupon"], ("coupon", "20"): ["TO_THE_MINUTE"], ("coupon", "30"): ["AB CD-9 优惠"],
        ("gift", None): ["OTHER"],
    }  # fmt: skip
    assert "GIVEN" in free_codes(workplace, day, given_before=datetime(2026, 11, 12))[TEN]
