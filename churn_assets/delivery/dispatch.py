"""Handing approved messages over: claim, send, write down, and nothing twice however the process ends.

Where the receiver drops repeats of a key (webhook, file) a message that was in flight when the process died goes again;
elsewhere (e-mail) it is `unknown` from then on. Knows neither Dagster nor the warehouse: addresses come in.
"""

from __future__ import annotations

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
BATCH = 20  # keyed messages per transaction: each costs two forced writes
STOP_AFTER = 20  # messages in a row that nobody took: then something is wrong that more of them would not mend
Addresses = Callable[[Sequence[Message]], Mapping[str, str]]


class DispatchBusy(Failure, RuntimeError):
    """Another process is sending for this instance."""


def utc_now() -> datetime:
    """Naive, as all times in storage."""
    return datetime.now(UTC).replace(tzinfo=None)


def dispatch(
    claims: Claims,
    keys: Sequence[str],
    adapters: Mapping[str, Adapter],
    addresses: Addresses,
    lock: Path,
    *,
    clock: Callable[[], datetime] = utc_now,
    on_progress: Callable[[int], None] = lambda _: None,
) -> Counter[str]:
    """Hand over the approved messages among `keys`, one after the other; how many ended how. `adapters` by channel.

    What a killed dispatch left is settled first, whatever plan it belongs to. Raises DispatchBusy.
    """
    keyed = {channel for channel, adapter in adapters.items() if adapter.is_keyed}
    with process_lock(lock, DispatchBusy(BUSY)):
        told = recover(claims.record, keyed, clock()) + expire(claims.record, clock())
        # Of an adapter without keys what is in flight at a kill is lost for good: one message at a time.
        at_once = BATCH if len(keyed) == len(adapters) else 1
        run = _Run(claims, adapters, addresses, clock, at_once, told)
        for start in range(0, len(keys), BATCH):
            batch = keys[start : start + BATCH]
            run.hand_over(deque(batch))
            on_progress(len(batch))
    return told


@dataclass
class _Run:
    claims: Claims
    adapters: Mapping[str, Adapter]
    addresses: Addresses
    clock: Callable[[], datetime]
    at_once: int
    told: Counter[str]
    not_taken: int = 0  # in a row
    names: Mapping[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.names = {channel: adapter.name for channel, adapter in self.adapters.items()}

    def hand_over(self, keys: deque[str]) -> None:
        """One after the other; what a kill leaves claimed between two of these lines the next dispatch recovers."""
        while keys and self.not_taken < STOP_AFTER:
            claimed, told = self.claims.claim(keys, self.names, self.clock(), self.at_once)
            self.told += told
            if claimed:
                addresses = self.addresses(claimed)
                outcomes = [(m, self.adapters[m.channel].deliver(m, addresses.get(m.message_key))) for m in claimed]
                settle(self.claims.record, outcomes, self.clock())
                self._count(outcomes)

    def _count(self, outcomes: Sequence[tuple[Message, Outcome]]) -> None:
        for _, outcome in outcomes:
            self.told[str(outcome.fate)] += 1
            self.not_taken = 0 if outcome.fate is Fate.DELIVERED else self.not_taken + 1
        if self.not_taken >= STOP_AFTER:
            self.told[f"stopped: {self.not_taken} in a row were not taken ({outcomes[-1][1].detail})"] += 1
