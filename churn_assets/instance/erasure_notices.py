"""Notices of erasures to the sides that were handed data of a user: on record until they are taken, then gone.

A notice names the user, or nobody could act on it; it is the only trace that an erasure leaves for a while.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from churn_assets.instance.record.opening import empty_log
from churn_assets.instance.record.store import Record

TYPE = "user.erased"


@dataclass(frozen=True)
class Notice:
    """`adapter`: the side, as attempts name it. `payload`: JSON by the form that Standard Webhooks recommends."""

    key: str
    adapter: str
    payload: str

    @property
    def message_keys(self) -> list[str]:
        """Keys of the messages that the side was handed; in e-mail they are its Message-ID."""
        keys: list[str] = json.loads(self.payload)["data"]["message_keys"]
        return keys

    @property
    def user_id(self) -> str:
        return str(json.loads(self.payload)["data"]["user_id"])


def add_notices(record: Record, users: Collection[str], now: datetime) -> Counter[str]:
    """Put a notice on record per user and side that was handed a message to the user; new ones by adapter.

    The same user and side have the same key, so that an erasure that is taken up again adds none twice.
    """
    new: Counter[str] = Counter()
    sql = "select message_key, adapter, user_id from attempts order by sequence"
    with record.transaction() as connection:
        messages: dict[tuple[str, str], list[str]] = {}
        for key, adapter, user in connection.execute(sql).fetchall():
            if user in users:
                messages.setdefault((adapter, user), []).append(key)
        for (adapter, user), keys in messages.items():
            data = {"user_id": user, "message_keys": list(dict.fromkeys(keys))}
            payload = json.dumps({"type": TYPE, "timestamp": f"{now.isoformat()}Z", "data": data}, ensure_ascii=False)
            key = hashlib.sha256(f"{TYPE}|{adapter}|{user}".encode()).hexdigest()[:32]
            row = (key, adapter, payload, now.isoformat())
            new[adapter] += connection.execute(
                "insert or ignore into erasure_notices values (?, ?, ?, ?)", row
            ).rowcount
    return new


def waiting_notices(record: Record) -> list[Notice]:
    """Those that were not taken yet, the oldest first."""
    with record.reading() as connection:
        rows = connection.execute("select notice_key, adapter, payload from erasure_notices order by made_at, 1")
        return [Notice(*row) for row in rows.fetchall()]


def forget_notices(record: Record, notices: Sequence[Notice]) -> None:
    """Delete what was taken, from the free pages and the log too."""
    if not notices:
        return
    with record.transaction() as connection:
        connection.execute("pragma secure_delete = on")
        connection.executemany("delete from erasure_notices where notice_key = ?", [(each.key,) for each in notices])
    empty_log(record.file)
