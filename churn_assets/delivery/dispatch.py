"""Handing approved messages over: claim, send, write down, and nothing twice however the process ends.

Where the receiver drops repeats of a key (webhook, file) a message that was in flight when the process died goes again;
elsewhere (e-mail) it is `unknown` from then on. Knows neither Dagster nor the warehouse: addresses come in.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from churn_assets.delivery.channels import Adapter, Fate, Message
from churn_assets.delivery.claims import Claims
from churn_assets.failures import Failure
from churn_assets.instance.alone import alone

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
    told: Counter[str] = Counter()
    with alone(lock, DispatchBusy(BUSY)):
        keyed = {channel for channel, adapter in adapters.items() if adapter.is_keyed}
        told += claims.recover(keyed.__contains__, clock())
        told += claims.expire(clock())
        names = {channel: adapter.name for channel, adapter in adapters.items()}
        done: set[str] = set()
        is_one_by_one = any(not adapter.is_keyed for adapter in adapters.values())
        size = 1 if is_one_by_one else BATCH
        in_a_row = 0
        for start in range(0, len(keys), BATCH):
            part = keys[start : start + BATCH]
            while in_a_row < STOP_AFTER:
                claimed, refused = claims.claim(part, names, clock(), size, done)
                told += refused
                if not claimed:
                    break
                known = addresses(claimed)
                outcomes = [(m, adapters[m.channel].deliver(m, known.get(m.message_key))) for m in claimed]
                claims.settle(outcomes, clock())
                told.update(str(outcome.fate) for _, outcome in outcomes)
                for _, outcome in outcomes:
                    in_a_row = 0 if outcome.fate is Fate.DELIVERED else in_a_row + 1
                if in_a_row >= STOP_AFTER:
                    told[f"stopped: {in_a_row} in a row were not taken ({outcomes[-1][1].detail})"] += 1
            on_progress(len(part))
    return told
