"""The suppression list: users never written to, whatever their consent (bounces, complaints, a lawyer's letter)."""

from __future__ import annotations

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
