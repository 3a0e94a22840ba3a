"""What became of messages, written down: of those handed over, those in flight at a kill, those past their time."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime

from churn_assets.delivery.channels import Fate, Message, Outcome
from churn_assets.instance.outbox import TIME, cancel_message
from churn_assets.instance.record.store import Record

LOST = "lost"  # fate of a try that a killed process left without an answer
STATE_OF = {
    Fate.DELIVERED: "delivered", Fate.FAILED: "failed", Fate.UNKNOWN: "unknown", Fate.DEFERRED: "approved",
}  # fmt: skip


def settle(record: Record, outcomes: Sequence[tuple[Message, Outcome]], now: datetime) -> None:
    """Write down what became of claimed messages. A hard bounce is never written to again."""
    with record.transaction() as connection:
        for message, outcome in outcomes:
            _end(connection, message.message_key, outcome.fate, outcome.detail, now)
            _set(connection, message.message_key, STATE_OF[outcome.fate])
            if outcome.is_hard_bounce:
                connection.execute(
                    "insert or ignore into suppressions values (?, 'bounced', ?, 'dispatch')",
                    (message.user_id, now.isoformat()),
                )


def recover(record: Record, keyed: Collection[str], now: datetime) -> Counter[str]:
    """Settle what a killed dispatch left: where a repeat arrives once (channels in `keyed`) the message goes again,
    else it is unknown.

    Call it only while nobody else dispatches.
    """
    told: Counter[str] = Counter()
    with record.transaction() as connection:
        for key, channel in connection.execute(
            "select message_key, channel from outbox where state = 'dispatched'"
        ).fetchall():
            again = channel in keyed
            _end(connection, key, LOST if again else "unknown", "the process died while handing it over", now)
            _set(connection, key, "approved" if again else "unknown")
            told["taken up again" if again else "unknown"] += 1
    return told


def expire(record: Record, now: datetime) -> Counter[str]:
    """Cancel what is planned or approved and past its time; what may have been taken before is unknown."""
    told: Counter[str] = Counter()
    with record.transaction() as connection:
        for (key,) in connection.execute(
            "select message_key from outbox where state in ('planned', 'approved') and expires_at <= ?",
            (now.strftime(TIME),),
        ).fetchall():
            told[cancel_message(connection, key)] += 1
    return told


def _set(connection: sqlite3.Connection, key: str, state: str) -> None:
    connection.execute("update outbox set state = ? where message_key = ?", (state, key))


def _end(connection: sqlite3.Connection, key: str, fate: str, detail: str, now: datetime) -> None:
    connection.execute(
        "update attempts set fate = ?, detail = ?, ended_at = ? where message_key = ? and fate is null",
        (str(fate), detail, now.isoformat(), key),
    )
