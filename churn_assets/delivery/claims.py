"""Which message may be handed over now, said and written down before it is: one transaction per claim.

A message is claimed step by step: it is admitted, with consent as it stands now (rules.py), gets the words that are
filled in at the last moment (wording.py), and an attempt is on the disk before it goes.
States: approved -> dispatched (claimed) -> delivered, failed, unknown; approved again where it surely was not taken.
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
from churn_assets.delivery.rules import Planned, Refused, Rules, Waits
from churn_assets.delivery.wording import Wording
from churn_assets.instance.outbox import TIME, cancel_message
from churn_assets.instance.record.store import Record


class Claimed(NamedTuple):
    """`messages` are written down as handed over; `told`: why the others that were looked at are not."""

    messages: list[Message]
    told: Counter[str]


@dataclass(frozen=True)
class Claims:
    record: Record
    rules: Rules
    wording: Wording = field(default_factory=Wording)

    def claim(self, keys: deque[str], adapters: Mapping[str, str], now: datetime, most: int) -> Claimed:
        """Claim up to `most` of the approved messages in `keys`, from the left; those looked at are taken out of it.

        `adapters`: name by channel.
        """
        with self.record.transaction() as connection:
            return self._claim(connection, keys, adapters, now, most)

    def rehearse(self, keys: Iterable[str], adapters: Mapping[str, str], now: datetime) -> Counter[str]:
        """What claiming all of `keys` would say; everything is undone."""
        pending = deque(keys)
        try:
            with self.record.transaction() as connection:
                connection.execute("update outbox set state = 'approved' where state = 'planned'")
                claimed, told = self._claim(connection, pending, adapters, now, len(pending))
                told["would be handed over"] = len(claimed)
                raise _Undone  # noqa: TRY301 - the way to undo a transaction
        except _Undone:
            return told

    def _claim(
        self, connection: sqlite3.Connection, keys: deque[str], adapters: Mapping[str, str], now: datetime, most: int
    ) -> Claimed:
        done = Claimed([], Counter())
        while keys and len(done.messages) < most:
            key = keys.popleft()
            planned = _approved(connection, key, now)
            if planned is None:
                continue
            try:
                done.messages.append(self._written_down(connection, planned, adapters, now))
            except Waits as why:
                done.told[f"waiting: {why}"] += 1
            except Refused as why:
                done.told[f"{cancel_message(connection, key)}: {why}"] += 1
        return done

    def _written_down(
        self, connection: sqlite3.Connection, planned: Planned, adapters: Mapping[str, str], now: datetime
    ) -> Message:
        """The message as it is about to be handed over, and the attempt on record. Raises Waits and Refused."""
        self.rules.admit(connection, planned, adapters, now)
        message = self.wording.completed(connection, planned.message, now)
        sha256 = hashlib.sha256(message.payload.encode()).hexdigest()
        connection.execute(
            "insert into attempts (message_key, user_id, adapter, payload_sha256, started_at) values (?, ?, ?, ?, ?)",
            (message.message_key, message.user_id, adapters[message.channel], sha256, now.isoformat()),
        )
        return message


class _Undone(Exception):
    """Ends a rehearsal."""


def _approved(connection: sqlite3.Connection, key: str, now: datetime) -> Planned | None:
    """None of a message that is not approved (any more), or past its time."""
    row = connection.execute(
        "select user_id, channel, template, payload, not_before from outbox "
        "where message_key = ? and state = 'approved' and expires_at > ?",
        (key, now.strftime(TIME)),
    ).fetchone()
    if row is None:
        return None
    user_id, channel, template, payload, not_before = row
    words = json.loads(payload)
    message = Message(key, user_id, channel, template, words["subject"], words["body"], words["language"], payload)
    return Planned(message, words["arm"], not_before)
