"""What lets a message go at this moment: its time, quiet hours, how many the user has had, and consent."""

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


class Waits(Exception):
    """A message may not go now, but later; says why."""


class Refused(Exception):
    """A message may not go, now or later; says why in a word."""


class Planned(NamedTuple):
    """An approved message with what else its plan says of it; `not_before` as the record writes times."""

    message: Message
    arm: str
    not_before: str


@dataclass(frozen=True)
class Rules:
    max_contacts: int
    max_contacts_days: int
    is_quiet: Callable[[str, datetime], bool]  # arm, now
    cool_down_days: Callable[[str], int] = lambda _: 0  # arm

    def admit(self, connection: sqlite3.Connection, planned: Planned, adapters: Collection[str], now: datetime) -> None:
        """An approved message becomes `dispatched`, within the transaction of its claim. Raises Waits and Refused.

        Consent and suppression are looked up by a trigger of the record (instance/record/migrations), as they stand
        at this very moment: whoever asks, nothing becomes `dispatched` without.
        """
        if planned.message.channel not in adapters:
            raise Waits(f"no adapter for {planned.message.channel}")
        if planned.not_before > now.strftime(TIME):
            raise Waits("not yet its time")
        if self.is_quiet(planned.arm, now):
            raise Waits("quiet hours")
        if _had(connection, planned.message, now - timedelta(days=self.max_contacts_days)) >= self.max_contacts:
            raise Refused("frequency_cap")
        cool_down = timedelta(days=self.cool_down_days(planned.arm))
        if _had(connection, planned.message, now - cool_down, planned.arm):
            raise Refused("cool_down")
        key = planned.message.message_key
        try:
            connection.execute("update outbox set state = 'dispatched' where message_key = ?", (key,))
        except sqlite3.IntegrityError as error:
            raise Refused(str(error)) from None  # the trigger's own words


def rules_of(settings: Decisions) -> Rules:
    arms = {arm.arm: arm for arm in settings.arms}
    return Rules(
        settings.max_contacts,
        settings.max_contacts_days,
        # An arm that is no longer in the catalogue has no hours: it waits.
        is_quiet=lambda arm, now: arm not in arms or is_quiet(now, arms[arm], settings.time_zone),
        cool_down_days=lambda arm: arms[arm].cool_down_days,
    )


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
