"""The outbox in the record store: messages with their states, and the approvals of plans."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import polars as pl

from churn_assets.failures import Failure
from churn_assets.instance.record.store import Record

COLUMNS = (
    "message_key", "decision_id", "user_id", "channel", "template", "payload", "state", "not_before", "expires_at",
)  # fmt: skip
CONTENT = COLUMNS[:6]
OPEN = ("planned", "approved")  # states in which a message may still be cancelled
IS_OPEN = "select 1 from outbox where message_key = ? and state in ('planned', 'approved')"
TIME = "%Y-%m-%d %H:%M:%S.%f"
POLARS_TIME = "%Y-%m-%d %H:%M:%S%.6f"  # the same, six digits too


class OutboxConflict(Failure, ValueError, code="record"):
    """A message key was added again with another content."""


@dataclass(frozen=True)
class Approval:
    """The approval of a plan, identified by its hash."""

    snapshot: date
    plan_sha256: str
    messages: int
    cost_amount: float
    approved_by: str
    approved_at: datetime
    signature: str


@dataclass(frozen=True)
class OutboxStore:
    record: Record

    def add(self, messages: pl.DataFrame) -> int:
        """Add planned messages (contract Outbox) and return how many are new; a message whose key exists is unchanged.

        Raises OutboxConflict where a key exists with another content.
        """
        times = pl.col("not_before", "expires_at").dt.to_string(POLARS_TIME)
        rows = messages.with_columns(times).select(COLUMNS).rows()
        with self.record.transaction() as connection:
            existing = {row[0]: row for row in connection.execute(f"select {', '.join(CONTENT)} from outbox")}
            for row in messages.select(CONTENT).iter_rows():
                if existing.get(row[0], row) != row:
                    raise OutboxConflict(f"outbox: message_key {row[0]} is there with another content; nothing added")
            connection.executemany(f"insert or ignore into outbox values ({', '.join('?' * len(COLUMNS))})", rows)
            return len(set(messages["message_key"]) - existing.keys())

    def messages(self, decisions: Sequence[str] | None = None) -> pl.DataFrame:
        """All messages, or those of some decisions, in their present state (contract Outbox), by key."""
        with self.record.reading() as connection:
            rows = connection.execute(f"select {', '.join(COLUMNS)} from outbox order by message_key").fetchall()
        frame = pl.DataFrame(rows, schema=dict.fromkeys(COLUMNS, pl.String), orient="row").with_columns(
            pl.col("not_before", "expires_at").str.to_datetime("%Y-%m-%d %H:%M:%S%.f", time_unit="us")
        )
        return frame if decisions is None else frame.filter(pl.col("decision_id").is_in(list(decisions)))

    def approve(self, approval: Approval, keys: Sequence[str]) -> int:
        """Record the approval and mark the planned messages among `keys` as approved; returns how many."""
        with self.record.transaction() as connection:
            connection.execute(
                "insert into approvals (snapshot_date, plan_sha256, messages, cost_amount, approved_by, approved_at, "
                "signature) values (?, ?, ?, ?, ?, ?, ?)",
                (approval.snapshot.isoformat(), approval.plan_sha256, approval.messages, approval.cost_amount,
                 approval.approved_by, approval.approved_at.isoformat(), approval.signature),
            )  # fmt: skip
            return sum(_change_state(connection, key, "planned", "approved") for key in keys)

    def cancel(self, keys: Sequence[str]) -> int:
        """Cancel the messages among `keys` that are planned or approved; returns how many."""
        with self.record.transaction() as connection:
            open_keys = [key for key in keys if connection.execute(IS_OPEN, (key,)).fetchone()]
            for key in open_keys:
                cancel_message(connection, key)
        return len(open_keys)

    def cancel_like(self, key: str) -> int:
        """Cancel what is planned or approved for the user and channel of a message; returns how many."""
        with self.record.transaction() as connection:
            return cancel_messages_like(connection, key)

    def approval(self, snapshot: date) -> Approval | None:
        """The newest approval of the snapshot."""
        with self.record.reading() as connection:
            row = connection.execute(
                "select snapshot_date, plan_sha256, messages, cost_amount, approved_by, approved_at, signature "
                "from approvals where snapshot_date = ? order by sequence desc limit 1",
                (snapshot.isoformat(),),
            ).fetchone()
        if row is None:
            return None
        day, plan_sha256, messages, cost, by, at, signature = row
        return Approval(date.fromisoformat(day), plan_sha256, messages, cost, by, datetime.fromisoformat(at), signature)


def content_sha256(messages: pl.DataFrame) -> str:
    """Hash of a plan: keys, contents and times of all its messages, whatever their states."""
    lines = messages.sort("message_key").select(
        pl.concat_str(*CONTENT, pl.col("not_before", "expires_at").dt.to_string(POLARS_TIME), separator="\x1f")
    )
    return hashlib.sha256("\x1e".join(lines.to_series()).encode()).hexdigest()


def cancel_messages_like(connection: sqlite3.Connection, key: str) -> int:
    """Cancel what is planned or approved for the user and channel of a message, within a transaction."""
    sql = (
        "select message_key from outbox where state in ('planned', 'approved') and (user_id, channel) = "
        "(select user_id, channel from outbox where message_key = ?)"
    )
    keys = [each for (each,) in connection.execute(sql, (key,)).fetchall()]
    for each in keys:
        cancel_message(connection, each)
    return len(keys)


def cancel_message(connection: sqlite3.Connection, key: str) -> str:
    """Cancel a message that will not be sent; its state is unknown where an earlier attempt may have arrived."""
    is_uncertain = connection.execute(
        "select 1 from attempts where message_key = ? and fate in ('lost', 'unknown')", (key,)
    ).fetchone()  # fmt: skip
    state = "unknown" if is_uncertain else "cancelled"
    connection.execute("update outbox set state = ? where message_key = ?", (state, key))
    return state


def _change_state(connection: sqlite3.Connection, key: str, before: str, after: str) -> int:
    updated = connection.execute(
        "update outbox set state = ? where message_key = ? and state = ?", (after, key, before)
    )
    return updated.rowcount
