"""Alerts on record until every receiver has taken them: a kill, quiet hours or a dead mail server lose none."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from churn_assets.alerts.alert import Alert
from churn_assets.instance.record.store import Record

FORGOTTEN = timedelta(days=7)  # older news is none


@dataclass(frozen=True)
class Raised:
    sequence: int
    raised_at: datetime
    alert: Alert


def raise_alerts(record: Record, alerts: Iterable[Alert], now: datetime, repeat_after: timedelta) -> int:
    """Put alerts on record, but those of a kind and subject that was raised within `repeat_after`; returns how many."""
    since, added = (now - repeat_after).isoformat(), 0
    with record.transaction() as connection:
        for alert in alerts:
            day = str(alert.snapshot or "")
            row = (now.isoformat(), alert.kind, alert.subject, day, alert.text, alert.next_step, since)
            added += connection.execute(
                "insert into alerts (raised_at, kind, subject, snapshot_date, text, next_step) "
                "select ?1, ?2, ?3, ?4, ?5, ?6 where not exists ("
                "select 1 from alerts where kind = ?2 and subject = ?3 and raised_at > ?7)",
                row,
            ).rowcount
    return added


def waiting(record: Record, receiver: str, kinds: Sequence[str], now: datetime) -> list[Raised]:
    """Alerts of these kinds that the receiver has not taken yet, the oldest first."""
    marks = ", ".join("?" * len(kinds))
    sql = (
        f"select * from alerts where raised_at > ? and kind in ({marks}) and sequence not in "
        "(select sequence from alerts_taken where receiver = ?) order by sequence"
    )
    with record.reading() as connection:
        rows = connection.execute(sql, ((now - FORGOTTEN).isoformat(), *kinds, receiver)).fetchall()
    return [_raised(row) for row in rows]


def note_taken(record: Record, receiver: str, alerts: Iterable[Raised], now: datetime) -> None:
    with record.transaction() as connection:
        connection.executemany(
            "insert or ignore into alerts_taken values (?, ?, ?)",
            [(receiver, each.sequence, now.isoformat()) for each in alerts],
        )


def newest(record: Record, count: int) -> list[tuple[Raised, str]]:
    """The newest first, each with the names of those who have taken it."""
    sql = (
        "select alerts.*, coalesce(group_concat(receiver, ', '), '') from alerts left join alerts_taken "
        "using (sequence) group by sequence order by sequence desc limit ?"
    )
    with record.reading() as connection:
        rows = connection.execute(sql, (count,)).fetchall()
    return [(_raised(row[:7]), row[7]) for row in rows]


def _raised(row: Sequence[str]) -> Raised:
    sequence, raised_at, kind, subject, day, text, next_step = row
    alert = Alert(kind, subject, text, next_step, date.fromisoformat(day) if day else None)
    return Raised(int(sequence), datetime.fromisoformat(raised_at), alert)
