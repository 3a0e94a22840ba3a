"""Recording the outcomes of messages: of those handed over, in flight at a kill, or expired."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime

from churn_assets.delivery.channels import Fate, Message, Outcome
from churn_assets.instance.outbox import TIME, cancel_message
from churn_assets.instance.record.store import Record
from churn_assets.instance.suppressions import suppress_bounced

LOST = "lost"  # fate of an attempt that a killed process left without an answer
STATE_OF = {
    Fate.DELIVERED: "delivered", Fate.FAILED: "failed", Fate.UNKNOWN: "unknown", Fate.DEFERRED: "approved",
}  # fmt: skip


def settle(record: Record, outcomes: Sequence[tuple[Message, Outcome]], now: datetime) -> None:
    """Record the outcomes of claimed messages. The channel of a user whose address bounced is suppressed."""
    with record.transaction() as connection:
        for message, outcome in outcomes:
            _end_attempt(connection, message.message_key, outcome.fate, outcome.detail, now)
            _set_state(connection, message.message_key, STATE_OF[outcome.fate])
            if outcome.is_hard_bounce:
                suppress_bounced(connection, message.user_id, message.channel, "dispatch", now)


def recover(record: Record, keyed: Collection[str], now: datetime) -> Counter[str]:
    """Settle the messages of a killed dispatch: on channels in `keyed`, where a repeat arrives once, they are sent
    again, else their state is unknown.

    To be called only while no other dispatch runs.
    """
    counts: Counter[str] = Counter()
    with record.transaction() as connection:
        for key, channel in connection.execute(
            "select message_key, channel from outbox where state = 'dispatched'"
        ).fetchall():
            is_resent = channel in keyed
            _end_attempt(
                connection, key, LOST if is_resent else "unknown", "the process died while handing it over", now
            )
            _set_state(connection, key, "approved" if is_resent else "unknown")
            counts["taken up again" if is_resent else "unknown"] += 1
    return counts


def expire(record: Record, now: datetime) -> Counter[str]:
    """Cancel planned or approved messages that have expired; unknown where an attempt may have arrived."""
    counts: Counter[str] = Counter()
    with record.transaction() as connection:
        for (key,) in connection.execute(
            "select message_key from outbox where state in ('planned', 'approved') and expires_at <= ?",
            (now.strftime(TIME),),
        ).fetchall():
            counts[cancel_message(connection, key)] += 1
    return counts


def _set_state(connection: sqlite3.Connection, key: str, state: str) -> None:
    connection.execute("update outbox set state = ? where message_key = ?", (state, key))


def _end_attempt(connection: sqlite3.Connection, key: str, fate: str, detail: str, now: datetime) -> None:
    connection.execute(
        "update attempts set fate = ?, detail = ?, ended_at = ? where message_key = ? and fate is null",
        (str(fate), detail, now.isoformat(), key),
    )
