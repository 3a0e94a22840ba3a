"""Which message may be handed over now, said and written down before it is: one transaction per claim and per outcome.

States: approved -> dispatched (claimed) -> delivered, failed, unknown; approved again where it surely was not taken.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from churn_assets.decisions.messages import filled
from churn_assets.delivery.channels import Fate, Message, Outcome
from churn_assets.delivery.code_pool import CodePool
from churn_assets.instance.outbox import TIME, give_up
from churn_assets.instance.record.store import Record

LOST = "lost"  # fate of a try that a killed process left without an answer
STATE_OF = {
    Fate.DELIVERED: "delivered", Fate.FAILED: "failed", Fate.UNKNOWN: "unknown", Fate.DEFERRED: "approved",
}  # fmt: skip


@dataclass(frozen=True)
class Rules:
    """What a claim keeps to besides consent, which the database itself guards, and what it fills into texts."""

    max_contacts: int
    max_contacts_days: int
    is_quiet: Callable[[str, datetime], bool]  # arm, now
    cool_down_days: Callable[[str], int] = lambda _: 0  # arm
    codes: CodePool = field(default_factory=CodePool)
    unsubscribe_url: Callable[[str], str | None] = lambda _: None  # message key


@dataclass(frozen=True)
class Claims:
    record: Record
    rules: Rules

    def recover(self, is_keyed: Callable[[str], bool], now: datetime) -> Counter[str]:
        """Settle what a killed dispatch left: where a repeat arrives once the message goes again, else it is unknown.

        Call it only while nobody else dispatches.
        """
        told: Counter[str] = Counter()
        with self.record.transaction() as connection:
            for key, channel in connection.execute(
                "select message_key, channel from outbox where state = 'dispatched'"
            ).fetchall():
                again = is_keyed(channel)
                _end(connection, key, LOST if again else "unknown", "the process died while handing it over", now)
                _set(connection, key, "approved" if again else "unknown")
                told["taken up again" if again else "unknown"] += 1
        return told

    def expire(self, now: datetime) -> Counter[str]:
        """Cancel what is planned or approved and past its time; what may have been taken before is unknown."""
        told: Counter[str] = Counter()
        with self.record.transaction() as connection:
            for (key,) in connection.execute(
                "select message_key from outbox where state in ('planned', 'approved') and expires_at <= ?",
                (now.strftime(TIME),),
            ).fetchall():
                told[give_up(connection, key)] += 1
        return told

    def claim(
        self, keys: Sequence[str], adapters: Mapping[str, str], now: datetime, most: int, done: set[str]
    ) -> tuple[list[Message], Counter[str]]:
        """Claim up to `most` of the approved messages in `keys`; those looked at go into `done`.

        `adapters`: name by channel. Returns the claimed, and why the others among those looked at were not.
        """
        with self.record.transaction() as connection:
            return self._claim(connection, keys, adapters, now, most, done)

    def rehearse(self, keys: Sequence[str], adapters: Mapping[str, str], now: datetime) -> Counter[str]:
        """What claiming all of `keys` would say; everything is undone."""
        try:
            with self.record.transaction() as connection:
                connection.execute("update outbox set state = 'approved' where state = 'planned'")
                claimed, told = self._claim(connection, keys, adapters, now, len(keys), set())
                told["would be handed over"] = len(claimed)
                raise _Undone  # noqa: TRY301 - the way to undo a transaction
        except _Undone:
            return told

    def _claim(
        self, connection: sqlite3.Connection, keys: Sequence[str], adapters: Mapping[str, str], now: datetime,
        most: int, done: set[str],
    ) -> tuple[list[Message], Counter[str]]:  # fmt: skip
        claimed: list[Message] = []
        told: Counter[str] = Counter()
        for key in keys:
            if len(claimed) >= most:
                break
            if key in done:
                continue
            done.add(key)
            row = connection.execute(
                "select user_id, channel, template, payload, not_before from outbox "
                "where message_key = ? and state = 'approved' and expires_at > ?",
                (key, now.strftime(TIME)),
            ).fetchone()
            if row is None:
                continue
            user_id, channel, template, payload, not_before = row
            words = json.loads(payload)
            waits = self._why_wait(channel, words["arm"], not_before, adapters, now)
            if waits:
                told[waits] += 1
                continue
            message = Message(
                key, user_id, channel, template, words["subject"], words["body"], words["language"], payload
            )
            refusal = self._refusal(connection, message, words["arm"], now)
            if refusal is None:
                message, refusal = self._filled(connection, message, words, now)
            if refusal:
                told[f"{give_up(connection, key)}: {refusal}"] += 1
            else:
                _try(connection, message, adapters[channel], now)
                claimed.append(message)
        return claimed, told

    def settle(self, outcomes: Sequence[tuple[Message, Outcome]], now: datetime) -> None:
        """Write down what became of claimed messages. A hard bounce is never written to again."""
        with self.record.transaction() as connection:
            for message, outcome in outcomes:
                _end(connection, message.message_key, outcome.fate, outcome.detail, now)
                _set(connection, message.message_key, STATE_OF[outcome.fate])
                if outcome.is_hard_bounce:
                    connection.execute(
                        "insert or ignore into suppressions values (?, 'bounced', ?, 'dispatch')",
                        (message.user_id, now.isoformat()),
                    )

    def _why_wait(
        self, channel: str, arm: str, not_before: str, adapters: Collection[str], now: datetime
    ) -> str | None:
        if channel not in adapters:
            return f"waiting: no adapter for {channel}"
        if not_before > now.strftime(TIME):
            return "waiting: not yet its time"
        return "waiting: quiet hours" if self.rules.is_quiet(arm, now) else None

    def _refusal(self, connection: sqlite3.Connection, message: Message, arm: str, now: datetime) -> str | None:
        """Claim one message, or say why it may not go."""
        if _had(connection, message, now - timedelta(days=self.rules.max_contacts_days)) >= self.rules.max_contacts:
            return "frequency_cap"
        if _had(connection, message, now - timedelta(days=self.rules.cool_down_days(arm)), arm):
            return "cool_down"
        try:
            _set(connection, message.message_key, "dispatched")
        except sqlite3.IntegrityError as error:  # the trigger's own words
            return str(error)
        return None

    def _filled(
        self, connection: sqlite3.Connection, message: Message, words: Mapping[str, Any], now: datetime
    ) -> tuple[Message, str | None]:
        """The message with what is filled in at the last moment, or why it cannot be."""
        code = None
        if words.get("code_from") == "pool":
            code = self.rules.codes.take(connection, message.message_key, (words["arm"], words["level"]), now)
            if code is None:
                return message, "no_code"
        payload = filled(message.payload, code, self.rules.unsubscribe_url(message.message_key))
        told = json.loads(payload)
        return replace(message, subject=told["subject"], body=told["body"], payload=payload), None


def _try(connection: sqlite3.Connection, message: Message, adapter: str, now: datetime) -> None:
    """Write down that the message is about to be handed over, as it is."""
    connection.execute(
        "insert into attempts (message_key, user_id, adapter, payload_sha256, started_at) values (?, ?, ?, ?, ?)",
        (message.message_key, message.user_id, adapter, hashlib.sha256(message.payload.encode()).hexdigest(),
         now.isoformat()),
    )  # fmt: skip


def _had(connection: sqlite3.Connection, message: Message, since: datetime, arm: str | None = None) -> int:
    """Other messages (of an arm) that reached the user since, or may have."""
    (count,) = connection.execute(
        "select count(distinct message_key) from attempts inner join outbox using (message_key) "
        "where attempts.user_id = ? and started_at > ? and message_key <> ? "
        "and (fate is null or fate in ('delivered', 'unknown', 'lost')) "
        "and (? is null or json_extract(payload, '$.arm') = ?)",
        (message.user_id, since.isoformat(), message.message_key, arm, arm),
    ).fetchone()
    return int(count)


class _Undone(Exception):
    """Ends a rehearsal."""


def _set(connection: sqlite3.Connection, key: str, state: str) -> None:
    connection.execute("update outbox set state = ? where message_key = ?", (state, key))


def _end(connection: sqlite3.Connection, key: str, fate: str, detail: str, now: datetime) -> None:
    connection.execute(
        "update attempts set fate = ?, detail = ?, ended_at = ? where message_key = ? and fate is null",
        (str(fate), detail, now.isoformat(), key),
    )
