"""Handing over: what is claimed, what waits, what is refused, and what is left after a process that died."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import Mock, patch

import polars as pl
import pytest
from filelock import FileLock

from churn_assets.delivery.channels import Fate, Message, Outcome
from churn_assets.delivery.claims import Claims
from churn_assets.delivery.consents import ConsentRecord, add_consents
from churn_assets.delivery.dispatch import Addresses, DispatchBusy, Patience, dispatch
from churn_assets.delivery.rules import SendingRules
from churn_assets.instance.outbox import OutboxStore
from churn_assets.instance.record.store import Record

MakeMessages = Callable[..., pl.DataFrame]
NOW = datetime(2026, 11, 17, 10)
APPROVED = {"state": "approved"}


@dataclass
class Listener:
    """An adapter that keeps what it is given and answers as it is told; it may die instead."""

    is_keyed: bool = True
    fate: Fate = Fate.DELIVERED
    dies_at: int | None = None
    name: str = "listener"
    heard: list[str] = field(default_factory=list)
    is_hard_bounce: bool = False

    def deliver(self, message: Message, address: str | None) -> Outcome:  # noqa: ARG002 - the interface
        self.heard.append(message.user_id)
        if self.dies_at is not None and len(self.heard) > self.dies_at:
            raise KeyboardInterrupt
        return Outcome(self.fate, "as told", self.is_hard_bounce)

    def close(self) -> None:
        pass


@dataclass
class Bench:
    """A record store with approved messages of consenting users, and a dispatch of it."""

    record: Record
    lock: Path
    rules: SendingRules = field(default_factory=lambda: SendingRules(4, 28, lambda _, __: False))

    def fill(self, messages: pl.DataFrame, refusing: Iterable[str] = ()) -> None:
        OutboxStore(self.record).add(messages)
        words = [ConsentRecord(u, "email", u not in refusing, datetime(2026, 1, 1)) for u in messages["user_id"]]
        add_consents(self.record, words, "landing", NOW)

    def send(
        self, adapter: Listener, now: datetime = NOW, addresses: Addresses = lambda _: {}, **others: Any
    ) -> Counter[str]:
        keys = OutboxStore(self.record).messages()["message_key"].to_list()
        return dispatch(
            Claims(self.record, self.rules), keys, {"email": adapter}, addresses, self.lock, clock=lambda: now, **others
        )

    @property
    def states(self) -> list[str]:
        return OutboxStore(self.record).messages()["state"].to_list()

    def attempts(self) -> list[tuple[Any, ...]]:
        with self.record.transaction() as connection:
            return connection.execute(
                "select user_id, adapter, fate, detail from attempts order by sequence"
            ).fetchall()


@pytest.fixture
def bench(record: Record, tmp_path: Path) -> Bench:
    return Bench(record, tmp_path / "dispatch.lock")


def test_what_is_approved_goes_once(bench: Bench, make_messages: MakeMessages) -> None:
    bench.fill(make_messages(APPROVED, APPROVED, {}))
    listener, seen = Listener(), []
    assert bench.send(listener, on_progress=seen.append) == Counter(delivered=2)
    assert bench.send(listener) == Counter()
    assert (listener.heard, bench.states, seen) == (["u0", "u1"], ["delivered", "delivered", "planned"], [3])
    assert bench.attempts() == [(user, "listener", "delivered", "as told") for user in ("u0", "u1")]


@pytest.mark.parametrize(
    ("change", "now", "told", "state"),
    [
        ({"channel": "sms"}, NOW, "waiting: no adapter for sms", "approved"),
        ({"not_before": NOW + timedelta(minutes=1)}, NOW, "waiting: not yet its time", "approved"),
        ({}, NOW.replace(hour=22), "waiting: quiet hours", "approved"),
        ({"expires_at": NOW}, NOW, "cancelled", "cancelled"),
    ],
)
def test_what_may_not_go_now(
    bench: Bench, make_messages: MakeMessages, change: dict[str, Any], now: datetime, told: str, state: str
) -> None:
    bench.rules = SendingRules(4, 28, lambda _, at: at.hour >= 21)
    bench.fill(make_messages(APPROVED | change))
    listener = Listener()
    assert bench.send(listener, now) == Counter({told: 1})
    assert (listener.heard, bench.states, bench.attempts()) == ([], [state], [])


def test_without_consent_a_message_is_cancelled_and_the_others_go(bench: Bench, make_messages: MakeMessages) -> None:
    bench.fill(make_messages(APPROVED, APPROVED, APPROVED), refusing=["u1"])
    listener = Listener()
    assert bench.send(listener) == Counter({"delivered": 2, "cancelled: no valid consent": 1})
    assert listener.heard == ["u0", "u2"]
    assert bench.states == ["delivered", "cancelled", "delivered"]


def test_an_unsubscribe_stops_what_was_approved_before(bench: Bench, make_messages: MakeMessages) -> None:
    bench.fill(make_messages(APPROVED))
    add_consents(bench.record, [ConsentRecord("u0", "email", is_granted=False, changed_at=NOW)], "unsubscribe", NOW)
    assert bench.send(Listener()) == Counter({"cancelled: no valid consent": 1})


def test_nobody_gets_more_messages_than_the_cap_whatever_the_campaign(
    bench: Bench, make_messages: MakeMessages
) -> None:
    bench.rules = SendingRules(2, 28, lambda _, __: False)
    bench.fill(make_messages(*[APPROVED | {"user_id": "u0"}] * 3))
    assert bench.send(Listener()) == Counter({"delivered": 2, "cancelled: frequency_cap": 1})


def test_an_arm_cools_down_whatever_plan_it_comes_from(bench: Bench, make_messages: MakeMessages) -> None:
    bench.rules = SendingRules(4, 28, lambda _, __: False, lambda arm: {"coupon": 7}[arm])
    bench.fill(make_messages(*[APPROVED | {"user_id": "u0"}] * 2))
    assert bench.send(Listener()) == Counter({"delivered": 1, "cancelled: cool_down": 1})


def test_the_cap_forgets_after_its_days(bench: Bench, make_messages: MakeMessages) -> None:
    bench.rules = SendingRules(1, 2, lambda _, __: False)
    later = {"user_id": "u0", "not_before": NOW + timedelta(days=3)}
    bench.fill(make_messages(APPROVED | {"user_id": "u0"}, APPROVED | later))
    assert bench.send(Listener())["delivered"] == 1
    assert bench.send(Listener(), NOW + timedelta(days=3))["delivered"] == 1


@pytest.mark.parametrize(
    ("fate", "state", "again"),
    [(Fate.FAILED, "failed", 0), (Fate.UNKNOWN, "unknown", 0), (Fate.DEFERRED, "approved", 1)],
)
def test_only_what_surely_was_not_taken_goes_again(
    bench: Bench, make_messages: MakeMessages, fate: Fate, state: str, again: int
) -> None:
    bench.fill(make_messages(APPROVED))
    assert bench.send(Listener(fate=fate)) == Counter({str(fate): 1})
    assert bench.states == [state]
    assert bench.send(Listener())["delivered"] == again


def test_a_bounced_address_is_never_written_to_again(bench: Bench, make_messages: MakeMessages) -> None:
    bench.fill(make_messages(APPROVED, APPROVED | {"user_id": "u0", "not_before": NOW + timedelta(days=1)}))
    bench.send(Listener(fate=Fate.FAILED, is_hard_bounce=True))
    assert bench.send(Listener(), NOW + timedelta(days=1)) == Counter({"cancelled: suppressed": 1})


@pytest.mark.parametrize(
    ("step", "is_keyed", "heard", "state"),
    [
        ("wording.filled", True, 1, "delivered"),  # the claim is not on the disk
        ("wording.filled", False, 1, "delivered"),
        ("dispatch.settle", True, 2, "delivered"),  # handed over, the answer not on the disk; the repeat has its key
        ("dispatch.settle", False, 1, "unknown"),
        ("outcomes._end_attempt", True, 2, "delivered"),  # the same within the transaction of the answer
        ("outcomes._end_attempt", False, 1, "unknown"),
    ],
)
def test_what_a_dispatch_leaves_that_dies_in_a_step(
    bench: Bench, make_messages: MakeMessages, step: str, *, is_keyed: bool, heard: int, state: str
) -> None:
    bench.fill(make_messages(APPROVED))
    listener = Listener(is_keyed=is_keyed)
    with patch(f"churn_assets.delivery.{step}", side_effect=KeyboardInterrupt), pytest.raises(KeyboardInterrupt):
        bench.send(listener)
    bench.send(listener)
    assert (listener.heard, bench.states) == (["u0"] * heard, [state])


@pytest.mark.parametrize(("is_keyed", "heard", "state"), [(True, 1, "delivered"), (False, 0, "unknown")])
def test_what_a_dispatch_leaves_that_dies_between_claim_and_adapter(
    bench: Bench, make_messages: MakeMessages, *, is_keyed: bool, heard: int, state: str
) -> None:
    bench.fill(make_messages(APPROVED))
    listener = Listener(is_keyed=is_keyed)
    with pytest.raises(KeyboardInterrupt):
        bench.send(listener, addresses=Mock(side_effect=KeyboardInterrupt))
    bench.send(listener)
    assert (listener.heard, bench.states) == (["u0"] * heard, [state])


def test_where_repeats_are_dropped_a_dispatch_that_died_is_taken_up_again(
    bench: Bench, make_messages: MakeMessages
) -> None:
    bench.fill(make_messages(*[APPROVED] * 4))
    with pytest.raises(KeyboardInterrupt):
        bench.send(Listener(dies_at=2))
    assert bench.states == ["dispatched"] * 4
    again = Listener()
    assert bench.send(again) == Counter({"taken up again": 4, "delivered": 4})
    assert again.heard == ["u0", "u1", "u2", "u3"]


def test_elsewhere_what_was_in_flight_is_unknown_and_never_sent_again(
    bench: Bench, make_messages: MakeMessages
) -> None:
    bench.fill(make_messages(*[APPROVED] * 4))
    with pytest.raises(KeyboardInterrupt):
        bench.send(Listener(is_keyed=False, dies_at=2))
    assert bench.states == ["delivered", "delivered", "dispatched", "approved"]
    again = Listener(is_keyed=False)
    assert bench.send(again) == Counter(unknown=1, delivered=1)
    assert (again.heard, bench.states) == (["u3"], ["delivered", "delivered", "unknown", "delivered"])


def test_what_may_have_been_taken_is_never_called_cancelled(bench: Bench, make_messages: MakeMessages) -> None:
    bench.fill(make_messages(APPROVED))
    with pytest.raises(KeyboardInterrupt):
        bench.send(Listener(dies_at=0))
    add_consents(bench.record, [ConsentRecord("u0", "email", is_granted=False, changed_at=NOW)], "unsubscribe", NOW)
    assert bench.send(Listener()) == Counter({"taken up again": 1, "unknown: no valid consent": 1})
    assert bench.states == ["unknown"]


def test_it_stops_where_nothing_is_taken_any_more(bench: Bench, make_messages: MakeMessages) -> None:
    bench.fill(make_messages(*[APPROVED] * 50))
    listener = Listener(fate=Fate.DEFERRED)
    told = bench.send(listener)
    assert told == Counter({"deferred": 20, "stopped: 20 in a row were not taken (as told)": 1})
    assert (len(listener.heard), set(bench.states)) == (20, {"approved"})


def test_a_receiver_that_swallows_everything_does_not_hold_a_dispatch(
    bench: Bench, make_messages: MakeMessages
) -> None:
    """Each message waits 40 s for an answer: nothing taken for 2 minutes ends it, within a batch too."""
    bench.fill(make_messages(*[APPROVED] * 50))
    listener, seconds = Listener(fate=Fate.UNKNOWN), iter(range(0, 10_000, 20))
    counts = bench.send(listener, patience=Patience(7_200, 120, lambda: float(next(seconds))))
    assert len(listener.heard) <= 6
    assert counts["stopped: nothing was taken for a while (delivery.stall_minutes)"] == 1
    assert counts["unknown"] == len(listener.heard)
    assert counts["unknown"] + counts["deferred"] == 20, "of one batch; what was not sent yet may go later"
    states = Counter(bench.states)
    assert states["approved"] >= 50 - len(listener.heard)


def test_a_dispatch_ends_when_its_time_is_over(bench: Bench, make_messages: MakeMessages) -> None:
    bench.fill(make_messages(*[APPROVED] * 50))
    seconds = iter(range(0, 10_000, 10))
    listener = Listener()
    counts = bench.send(listener, patience=Patience(300, 120, lambda: float(next(seconds))))
    assert counts["stopped: the time of a dispatch was over (delivery.dispatch_minutes)"] == 1
    assert 0 < counts["delivered"] == len(listener.heard) < 50
    assert bench.send(Listener())["delivered"] == 50 - counts["delivered"], "the next one sends what is left"


def test_two_dispatches_at_once_are_refused(bench: Bench, make_messages: MakeMessages) -> None:
    bench.fill(make_messages(APPROVED))
    with FileLock(bench.lock), pytest.raises(DispatchBusy, match="Another dispatch is sending"):
        bench.send(Listener())
    assert bench.states == ["approved"]


def test_a_rehearsal_says_what_would_go_and_changes_nothing(bench: Bench, make_messages: MakeMessages) -> None:
    bench.fill(make_messages({}, {}, {}), refusing=["u2"])
    keys = OutboxStore(bench.record).messages()["message_key"].to_list()
    told = Claims(bench.record, bench.rules).rehearse(keys, {"email": "listener"}, NOW)
    assert told == Counter({"would be handed over": 2, "cancelled: no valid consent": 1})
    assert (bench.states, bench.attempts()) == (["planned"] * 3, [])
