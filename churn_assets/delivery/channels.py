"""What a channel is told, and what it may answer. Whether a message may go out at all is settled before."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_address
from typing import Protocol


class Fate(StrEnum):
    """What is known after a message was handed over; whoever keeps the record goes by this and nothing else."""

    DELIVERED = "delivered"  # the other side took it
    FAILED = "failed"  # it definitely did not, and never will
    UNKNOWN = "unknown"  # the answer was lost: it may have been taken
    DEFERRED = "deferred"  # it definitely was not taken, and may be tried again later


@dataclass(frozen=True)
class Message:
    """One message; `payload` is JSON stored before the first try, so that every try sends the same bytes."""

    message_key: str
    user_id: str
    channel: str
    template: str
    subject: str
    body: str
    language: str
    payload: str


@dataclass(frozen=True)
class Outcome:
    """What became of one message. `detail` is in our own words: no address, number, secret or text of the other side.

    `is_hard_bounce`: the other side says that the address itself does not exist, so no message will ever reach it.
    """

    fate: Fate
    detail: str
    is_hard_bounce: bool = False


class Adapter(Protocol):
    """One channel. For one thread: messages are handed over one after the other, then it is closed."""

    @property
    def name(self) -> str:
        """The name of the channel in records."""

    @property
    def is_keyed(self) -> bool:
        """Whether the same message handed over twice arrives once, so that an unknown fate may be tried again."""

    def deliver(self, message: Message, address: str | None) -> Outcome:
        """Hand one message over. What the other side or the network does is an Outcome, never an exception."""

    def close(self) -> None:
        """Give back connections and files; may be called twice."""


def is_loopback(host: str | None) -> bool:
    """Whether what goes to this host stays on this machine, by its name alone: nothing is looked up."""
    if host == "localhost":
        return True
    try:
        return ip_address(host or "").is_loopback
    except ValueError:
        return False
