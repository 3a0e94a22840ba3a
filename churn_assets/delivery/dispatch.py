"""Sending approved messages: claim, send, record the outcome; no message twice, however the process ends.

Where the receiver drops repeats of a key (webhook, file) a message in flight when the process died is sent again;
elsewhere (e-mail) its state is `unknown` from then on. Independent of Dagster and the warehouse: addresses are passed
in.
"""

from __future__ import annotations

import math
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from churn_assets.delivery.channels import Adapter, Fate, Message, Outcome
from churn_assets.delivery.claims import Claims
from churn_assets.delivery.outcomes import expire, recover, settle
from churn_assets.failures import Failure
from churn_assets.instance.process_lock import process_lock

BUSY = "Another dispatch is sending for this instance; wait until it has ended."
BATCH = 20  # keyed messages per transaction: each transaction costs two fsyncs
STOP_AFTER = 20  # messages in a row that were not accepted: a fault that further messages would meet too
Addresses = Callable[[Sequence[Message]], Mapping[str, str]]


@dataclass(frozen=True)
class Patience:
    """When a dispatch ends, and for how long nothing may have been taken. `timer`: seconds, ever rising."""

    whole_seconds: float = math.inf
    stall_seconds: float = math.inf
    timer: Callable[[], float] = time.monotonic


FOREVER = Patience()


class DispatchBusy(Failure, RuntimeError, code="busy"):
    """Another process is sending for this instance."""


def utc_now() -> datetime:
    """Now in naive UTC, as all times in storage."""
    return datetime.now(UTC).replace(tzinfo=None)


def dispatch(
    claims: Claims,
    keys: Sequence[str],
    adapters: Mapping[str, Adapter],
    addresses: Addresses,
    lock: Path,
    *,
    clock: Callable[[], datetime] = utc_now,
    patience: Patience = FOREVER,
    on_progress: Callable[[int], None] = lambda _: None,
) -> Counter[str]:
    """Hand over the approved messages among `keys`, one after the other; counts by outcome. `adapters` by channel.

    Ends early where `patience` does, or where many messages in a row are not taken; a count says so.

    Messages of a killed dispatch are settled first, whatever their plan. Raises DispatchBusy.
    """
    keyed = {channel for channel, adapter in adapters.items() if adapter.is_keyed}
    with process_lock(lock, DispatchBusy(BUSY)):
        counts = recover(claims.record, keyed, clock()) + expire(claims.record, clock())
        # Without keys, messages in flight at a kill stay unknown for good: one message at a time.
        at_once = BATCH if len(keyed) == len(adapters) else 1
        run = _Run(claims, adapters, addresses, clock, at_once, counts, patience)
        for start in range(0, len(keys), BATCH):
            batch = keys[start : start + BATCH]
            run.hand_over(deque(batch))
            on_progress(len(batch))
    return counts


@dataclass
class _Run:
    claims: Claims
    adapters: Mapping[str, Adapter]
    addresses: Addresses
    clock: Callable[[], datetime]
    at_once: int
    counts: Counter[str]
    patience: Patience
    not_taken: int = 0  # in a row
    ended: str | None = None
    began: float = field(init=False)
    last_taken: float = field(init=False)
    names: Mapping[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.names = {channel: adapter.name for channel, adapter in self.adapters.items()}
        self.began = self.last_taken = self.patience.timer()

    def hand_over(self, keys: deque[str]) -> None:
        """Claim, deliver and settle; messages that a kill leaves claimed are recovered by the next dispatch."""
        while keys and not self._has_ended():
            messages, not_claimed = self.claims.claim(keys, self.names, self.clock(), self.at_once)
            self.counts += not_claimed
            if messages:
                addresses = self.addresses(messages)
                outcomes = [(m, self._deliver(m, addresses.get(m.message_key))) for m in messages]
                settle(self.claims.record, outcomes, self.clock())

    def _deliver(self, message: Message, address: str | None) -> Outcome:
        """One message; nothing is sent any more once the dispatch has ended within a batch."""
        if self._has_ended():
            outcome = Outcome(Fate.DEFERRED, "the dispatch had ended")
        else:
            outcome = self.adapters[message.channel].deliver(message, address)
            is_taken = outcome.fate is Fate.DELIVERED
            self.not_taken = 0 if is_taken else self.not_taken + 1
            self.last_taken = self.patience.timer() if is_taken else self.last_taken
            if self.not_taken >= STOP_AFTER:
                self._end(f"{self.not_taken} in a row were not taken ({outcome.detail})")
        self.counts[str(outcome.fate)] += 1
        return outcome

    def _has_ended(self) -> bool:
        now = self.patience.timer()
        if self.ended is None and now - self.began >= self.patience.whole_seconds:
            self._end("the time of a dispatch was over (delivery.dispatch_minutes)")
        elif self.ended is None and self.not_taken and now - self.last_taken >= self.patience.stall_seconds:
            self._end("nothing was taken for a while (delivery.stall_minutes)")
        return self.ended is not None

    def _end(self, why: str) -> None:
        self.ended = why
        self.counts[f"stopped: {why}"] += 1
