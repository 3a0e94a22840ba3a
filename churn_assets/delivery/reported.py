"""What became of sent messages, as their senders report it: on record once, with all that follows from it.

A complaint and an unsubscribing are withdrawals: they cancel what is planned for that user and channel, and count
whatever their times, as every no does. A hard bounce suppresses the channel. The rest is for the raw contacts
(receipts.py).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Literal, get_args

from churn_assets.delivery.consents import ConsentRecord, add_consent
from churn_assets.failures import Failure
from churn_assets.instance.outbox import cancel_messages_like
from churn_assets.instance.suppressions import suppress_bounced

Event = Literal[
    "delivered", "opened", "clicked", "bounced", "complained", "unsubscribed",
    "reached", "interested", "not_interested", "not_reached",
]  # fmt: skip
EVENTS: Final[tuple[str, ...]] = get_args(Event)
WITHDRAWALS = ("complained", "unsubscribed")
# Of a call: who was reached has heard it, as a mail is opened, and who is interested follows it, as a link is.
AS_OPENED, AS_CLICKED = ("opened", "reached", "interested", "not_interested"), ("clicked", "interested")
CLOCKS_DIFFER = timedelta(seconds=60)  # between the sender and this machine
KEPT_REQUESTS = timedelta(days=1)  # a signature is valid for minutes
# A message on its way counts as sent: its sender may report before its answer is on record.
MESSAGE = """
select user_id, channel, (
  select min(started_at) from attempts
  where attempts.message_key = outbox.message_key and (fate is null or fate in ('delivered', 'unknown', 'lost'))
) from outbox where message_key = ?
"""
UNKNOWN = "no message has this key"
UNSENT = "the message was not sent"
BEFORE = "occurred_at is before the message was sent"
FUTURE = "occurred_at is in the future"


class OtherRequest(Failure, ValueError, code="access"):
    """The id of a request was used for another one before."""


@dataclass(frozen=True)
class Reported:
    """One event; `occurred_at` in naive UTC. `is_hard`: of a bounce, that no message will ever reach the address."""

    message_key: str
    event: Event
    occurred_at: datetime
    is_hard: bool = True


@dataclass
class Taken:
    """`refused`: place in the request, and why. `ended`: keys of the messages whose user and channel get no more."""

    taken: int = 0
    repeated: int = 0
    refused: list[tuple[int, str]] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)


def take(connection: sqlite3.Connection, events: Sequence[Reported], now: datetime) -> Taken:
    """Record the events that are new, within a transaction."""
    taken = Taken()
    for place, each in enumerate(events):
        row = connection.execute(MESSAGE, (each.message_key,)).fetchone()
        why_not = UNKNOWN if row is None else _why_not(each, row[2], now)
        if why_not:
            taken.refused.append((place, why_not))
        elif not _is_new(connection, each, now):
            taken.repeated += 1
        else:
            taken.taken += 1
            if _follows(connection, each, row, now):
                taken.ended.append(each.message_key)
    return taken


def note_request(connection: sqlite3.Connection, request_id: str, body_sha256: str, now: datetime) -> None:
    """Record the id of a request, within a transaction. Raises OtherRequest where it was that of another one."""
    connection.execute("delete from received_requests where received_at < ?", ((now - KEPT_REQUESTS).isoformat(),))
    connection.execute(
        "insert or ignore into received_requests values (?, ?, ?)", (request_id, body_sha256, now.isoformat())
    )
    (noted,) = connection.execute(
        "select body_sha256 from received_requests where request_id = ?", (request_id,)
    ).fetchone()
    if noted != body_sha256:
        raise OtherRequest("This webhook-id was that of another body: each request has an id of its own.")


def _why_not(each: Reported, sent_at: str | None, now: datetime) -> str | None:
    if each.event in WITHDRAWALS:
        return None
    return UNSENT if sent_at is None else _why_not_at(each.occurred_at, sent_at, now)


def _why_not_at(occurred_at: datetime, sent_at: str, now: datetime) -> str | None:
    if occurred_at < datetime.fromisoformat(sent_at) - CLOCKS_DIFFER:
        return BEFORE
    return FUTURE if occurred_at > now + CLOCKS_DIFFER else None


def _is_new(connection: sqlite3.Connection, each: Reported, now: datetime) -> bool:
    row = (each.message_key, each.event, each.occurred_at.isoformat(timespec="microseconds"), now.isoformat())
    added = connection.execute(
        "insert or ignore into message_events (message_key, event, occurred_at, received_at) values (?, ?, ?, ?)", row
    )
    return added.rowcount == 1


def _follows(connection: sqlite3.Connection, each: Reported, row: tuple[str, str, str | None], now: datetime) -> bool:
    """What follows from an event; whether the user gets no more by this channel."""
    user, channel, sent_at = row
    if each.event in WITHDRAWALS:
        # One whose time cannot be is of now: a yes of before must not be newer than it.
        is_usable = sent_at is not None and _why_not_at(each.occurred_at, sent_at, now) is None
        changed_at = min(each.occurred_at, now) if is_usable else now
        withdrawal = ConsentRecord(user, channel, is_granted=False, changed_at=changed_at)
        add_consent(connection, withdrawal, "unsubscribe", now)
    elif each.event == "bounced" and each.is_hard:
        suppress_bounced(connection, user, channel, "receipts", now)
    else:
        return False
    cancel_messages_like(connection, each.message_key)
    return True
