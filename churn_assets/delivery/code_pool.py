"""Coupon codes given to users: each code once, however a dispatch ends."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from datetime import datetime

from churn_assets.decisions.options import Treatment
from churn_assets.instance.record.store import Record


def given_codes(record: Record, before: datetime | None = None) -> set[str]:
    """Codes that were given, all or before a moment."""
    sql = "select code from codes_given where ? is null or given_at < ?"
    moment = before.isoformat() if before else None
    with record.transaction() as connection:
        return {code for (code,) in connection.execute(sql, (moment, moment))}


class CodePool:
    """`free`: codes by arm and level in the order in which they are given."""

    def __init__(self, free: Mapping[Treatment, Sequence[str]] | None = None) -> None:
        self._free = {treatment: iter(codes) for treatment, codes in (free or {}).items()}

    def take(self, connection: sqlite3.Connection, message_key: str, treatment: Treatment, now: datetime) -> str | None:
        """The code of a message, within the transaction of its claim; None where no code is left.

        All attempts of a message have the same code. A recorded code is given to no other message.
        """
        existing = connection.execute("select code from codes_given where given_to = ?", (message_key,)).fetchone()
        if existing:
            return str(existing[0])
        for code in self._free.get(treatment, iter(())):
            row = (code, message_key, now.isoformat())
            if connection.execute("insert or ignore into codes_given values (?, ?, ?)", row).rowcount:
                return code
        return None
