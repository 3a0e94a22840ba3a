"""Whether a message may be sent now: its time, quiet hours, frequency cap, cool-down and consent."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from churn_assets.decisions.quiet import is_quiet
from churn_assets.delivery.channels import Message
from churn_assets.instance.outbox import TIME

if TYPE_CHECKING:
    from churn_assets.settings.decisions import Decisions


class Postponed(Exception):
    """A message may not be sent now, but later; the text is the reason."""


class Refused(Exception):
    """A message may not be sent, now or later; the text is the reason in one word."""


class PlannedMessage(NamedTuple):
    """An approved message with its arm and earliest time; `not_before` in the format of the record."""

    message: Message
    arm: str
    not_before: str


@dataclass(frozen=True)
class SendingRules:
    max_contacts: int
    max_contacts_days: int
    is_quiet: Callable[[str, datetime], bool]  # arm, now
    cool_down_days: Callable[[str], int] = lambda _: 0  # arm

    def admit(
        self, connection: sqlite3.Connection, planned: PlannedMessage, adapters: Collection[str], now: datetime
    ) -> None:
        """Set an approved message to `dispatched`, within the transaction of its claim. Raises Postponed and Refused.

        A trigger of the record (instance/record/migrations) checks present consent and suppression: no message becomes
        `dispatched` without that check.
        """
        if planned.message.channel not in adapters:
            raise Postponed(f"no adapter for {planned.message.channel}")
        if planned.not_before > now.strftime(TIME):
            raise Postponed("not yet its time")
        if self.is_quiet(planned.arm, now):
            raise Postponed("quiet hours")
        if (
            _contacts_since(connection, planned.message, now - timedelta(days=self.max_contacts_days))
            >= self.max_contacts
        ):
            raise Refused("frequency_cap")
        cool_down = timedelta(days=self.cool_down_days(planned.arm))
        if _contacts_since(connection, planned.message, now - cool_down, planned.arm):
            raise Refused("cool_down")
        key = planned.message.message_key
        try:
            connection.execute("update outbox set state = 'dispatched' where message_key = ?", (key,))
        except sqlite3.IntegrityError as error:
            raise Refused(str(error)) from None  # the trigger's own message


def sending_rules(settings: Decisions) -> SendingRules:
    arms = {arm.arm: arm for arm in settings.arms}
    return SendingRules(
        settings.max_contacts,
        settings.max_contacts_days,
        # An arm that is no longer in the catalogue has no hours: its messages are postponed.
        is_quiet=lambda arm, now: arm not in arms or is_quiet(now, arms[arm], settings.time_zone),
        cool_down_days=lambda arm: arms[arm].cool_down_days,
    )


def _contacts_since(connection: sqlite3.Connection, message: Message, since: datetime, arm: str | None = None) -> int:
    """Number of other messages (of an arm) that reached the user since a time, or may have."""
    (count,) = connection.execute(
        "select count(distinct message_key) from attempts inner join outbox using (message_key) "
        "where attempts.user_id = ? and started_at > ? and message_key <> ? "
        "and (fate is null or fate in ('delivered', 'unknown', 'lost')) "
        "and (? is null or json_extract(payload, '$.arm') = ?)",
        (message.user_id, since.isoformat(), message.message_key, arm, arm),
    ).fetchone()
    return int(count)
