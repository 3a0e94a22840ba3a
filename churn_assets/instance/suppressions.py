"""The suppression list: users never written to, whatever their consent (complaints, a lawyer's letter), and channels of
a user that lead nowhere (bounces).
"""

from __future__ import annotations

import sqlite3
from datetime import date, datetime

from churn_assets.instance.record.store import Record


def suppress(record: Record, user_id: str, reason: str, by: str, now: datetime) -> bool:
    """Add a user to the list; returns whether the user was not on it yet."""
    with record.transaction() as connection:
        return (
            connection.execute(
                "insert or ignore into suppressions values (?, ?, ?, ?)", (user_id, reason, now.isoformat(), by)
            ).rowcount
            == 1
        )


def suppressed_users(record: Record, before: date) -> list[str]:
    """Ids that were on the list before a day began, ascending."""
    sql = "select user_id from suppressions where since < ? order by user_id"
    with record.reading() as connection:
        return [user for (user,) in connection.execute(sql, (before.isoformat(),))]


def suppress_bounced(connection: sqlite3.Connection, user_id: str, channel: str, by: str, now: datetime) -> None:
    """Put the channel of a user whose address there does not exist on the list, within a transaction."""
    connection.execute(
        "insert or ignore into channel_suppressions values (?, ?, 'bounced', ?, ?)",
        (user_id, channel, now.isoformat(), by),
    )


def suppressed_channels(record: Record, before: date) -> list[tuple[str, str]]:
    """(user_id, channel) that were on the list before a day began, ascending."""
    sql = "select user_id, channel from channel_suppressions where since < ? order by user_id, channel"
    with record.reading() as connection:
        return connection.execute(sql, (before.isoformat(),)).fetchall()
