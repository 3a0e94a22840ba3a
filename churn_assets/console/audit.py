"""What was done in the console: a row per act, and per reading of a person."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from datetime import datetime

from churn_assets.instance.record.store import Record

NOBODY = "-"  # an act before anybody was logged in


def note(
    record: Record, now: datetime, account: str, act: str, subject: str = "", detail: str = "", address: str = ""
) -> None:
    """`subject`: what it was done to; `address`: where the request came from."""
    with record.transaction() as connection:
        note_all(connection, [(now.isoformat(), account, act, subject, detail, address)])


def note_all(connection: sqlite3.Connection, rows: Iterable[tuple[str, ...]]) -> None:
    """Rows as `newest` gives them, within a transaction."""
    sql = "insert into audit (at, account, act, subject, detail, address) values (?, ?, ?, ?, ?, ?)"
    connection.executemany(sql, rows)


def newest(record: Record, count: int) -> list[tuple[str, ...]]:
    """(at, account, act, subject, detail, address), the newest first."""
    sql = "select at, account, act, subject, detail, address from audit order by sequence desc limit ?"
    with record.reading() as connection:
        return connection.execute(sql, (count,)).fetchall()
