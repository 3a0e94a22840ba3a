"""The interface of a channel: its messages and its outcomes. Whether a message may be sent is decided before."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

NOTICE = "notice"  # channel of what is sent to a receiver about a user, not to the user


class Fate(StrEnum):
    """The result of handing a message over; the record depends on nothing else."""

    DELIVERED = "delivered"  # the receiver accepted it
    FAILED = "failed"  # not accepted, and never will be
    UNKNOWN = "unknown"  # the answer was lost: it may have been accepted
    DEFERRED = "deferred"  # not accepted, and may be tried again later


@dataclass(frozen=True)
class Message:
    """One message; `payload` is JSON stored before the first attempt, so that all attempts send the same bytes."""

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
    """The outcome of one message. `detail` holds no address, number, secret or text of the receiver.

    `is_hard_bounce`: the receiver reports that the address itself does not exist, so no message will ever reach it.
    """

    fate: Fate
    detail: str
    is_hard_bounce: bool = False


class Adapter(Protocol):
    """One channel, for one thread: messages are handed over one after the other, then the adapter is closed."""

    @property
    def name(self) -> str:
        """The name of the channel in records."""

    @property
    def is_keyed(self) -> bool:
        """Whether a message handed over twice arrives once, so that it may be tried again after an unknown fate."""

    def deliver(self, message: Message, address: str | None) -> Outcome:
        """Hand one message over. Failures of receiver or network are an Outcome, never an exception."""

    def close(self) -> None:
        """Close connections and files; may be called twice."""
