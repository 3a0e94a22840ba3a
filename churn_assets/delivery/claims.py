"""Claiming messages that may be sent now, recorded before they are sent: one transaction per claim.

A claim has three steps: the message is admitted by present consent (rules.py), gets its code and link (wording.py), and
its attempt is on disk before it is sent.
States: approved -> dispatched (claimed) -> delivered, failed, unknown; approved again where it was not accepted.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections import Counter, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from churn_assets.delivery.channels import Message
from churn_assets.delivery.rules import PlannedMessage, Postponed, Refused, SendingRules
from churn_assets.delivery.wording import Wording
from churn_assets.instance.outbox import TIME, cancel_message
from churn_assets.instance.record.store import Record


class Claimed(NamedTuple):
    """`messages` have an attempt on record; `not_claimed`: counts of the reasons why others have not."""

    messages: list[Message]
    not_claimed: Counter[str]


@dataclass(frozen=True)
class Claims:
    record: Record
    rules: SendingRules
    wording: Wording = field(default_factory=Wording)

    def claim(self, keys: deque[str], adapters: Mapping[str, str], now: datetime, most: int) -> Claimed:
        """Claim up to `most` of the approved messages in `keys`, from the left; checked keys are removed from it.

        `adapters`: name by channel.
        """
        with self.record.transaction() as connection:
            return self._claim(connection, keys, adapters, now, most)

    def rehearse(self, keys: Iterable[str], adapters: Mapping[str, str], now: datetime) -> Counter[str]:
        """Counts that claiming all of `keys` would give; the transaction is rolled back."""
        pending = deque(keys)
        try:
            with self.record.transaction() as connection:
                connection.execute("update outbox set state = 'approved' where state = 'planned'")
                messages, counts = self._claim(connection, pending, adapters, now, len(pending))
                counts["would be handed over"] = len(messages)
                raise _Rollback  # noqa: TRY301 - rolls the transaction back
        except _Rollback:
            return counts

    def _claim(
        self, connection: sqlite3.Connection, keys: deque[str], adapters: Mapping[str, str], now: datetime, most: int
    ) -> Claimed:
        claimed = Claimed([], Counter())
        while keys and len(claimed.messages) < most:
            key = keys.popleft()
            planned = _approved(connection, key, now)
            if planned is None:
                continue
            try:
                claimed.messages.append(self._with_attempt(connection, planned, adapters, now))
            except Postponed as reason:
                claimed.not_claimed[f"waiting: {reason}"] += 1
            except Refused as reason:
                claimed.not_claimed[f"{cancel_message(connection, key)}: {reason}"] += 1
        return claimed

    def _with_attempt(
        self, connection: sqlite3.Connection, planned: PlannedMessage, adapters: Mapping[str, str], now: datetime
    ) -> Message:
        """The completed message, with its attempt on record. Raises Postponed and Refused."""
        self.rules.admit(connection, planned, adapters, now)
        message = self.wording.completed(connection, planned.message, now)
        sha256 = hashlib.sha256(message.payload.encode()).hexdigest()
        connection.execute(
            "insert into attempts (message_key, user_id, adapter, payload_sha256, started_at) values (?, ?, ?, ?, ?)",
            (message.message_key, message.user_id, adapters[message.channel], sha256, now.isoformat()),
        )
        return message


class _Rollback(Exception):
    """Ends a rehearsal."""


def _approved(connection: sqlite3.Connection, key: str, now: datetime) -> PlannedMessage | None:
    """The message, or None where it is not approved (any more) or has expired."""
    row = connection.execute(
        "select user_id, channel, template, payload, not_before from outbox "
        "where message_key = ? and state = 'approved' and expires_at > ?",
        (key, now.strftime(TIME)),
    ).fetchone()
    if row is None:
        return None
    user_id, channel, template, payload, not_before = row
    content = json.loads(payload)
    message = Message(
        key, user_id, channel, template, content["subject"], content["body"], content["language"], payload
    )
    return PlannedMessage(message, content["arm"], not_before)
