"""Partitions that are listed in the manifest and may not be read: being rebuilt, or with a check that failed.

The row is written before the work begins, so that a kill at any point leaves the partition withheld.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime

from churn_assets.instance.record.store import Record


def withhold(
    record: Record, stage: str, tables: Collection[str], days: Collection[date], reason: str, now: datetime
) -> None:
    """Withhold partitions, made or still to be made, from `now` on; replaces the reason of an earlier time."""
    rows = [(stage, table, day.isoformat(), reason, now.isoformat()) for table in tables for day in days]
    with record.transaction() as connection:
        connection.executemany("insert or replace into withheld values (?, ?, ?, ?, ?)", rows)


def release(record: Record, stage: str, tables: Collection[str], days: Collection[date]) -> None:
    """Make partitions readable again, but only those that were published since they were withheld."""
    rows = [(stage, table, day.isoformat()) for table in tables for day in days]
    with record.transaction() as connection:
        connection.executemany(
            "delete from withheld where stage = ? and table_name = ? and snapshot_date = ? and exists ("
            "select 1 from manifest where manifest.stage = withheld.stage and published_at >= since "
            "and manifest.table_name = withheld.table_name and manifest.snapshot_date = withheld.snapshot_date)",
            rows,
        )


def reason_withheld(record: Record, stage: str, table: str, day: date) -> str | None:
    """Why a listed partition may not be read; None where it may, or is not there."""
    with record.reading() as connection:
        row = connection.execute(
            "select reason from withheld inner join manifest using (stage, table_name, snapshot_date) "
            "where stage = ? and table_name = ? and snapshot_date = ?",
            (stage, table, day.isoformat()),
        ).fetchone()
    return None if row is None else str(row[0])


def withheld_sentence(stage: str, table: str, day: date, reason: str) -> str:
    return (
        f"{stage}.{table} of {day} is withheld: {reason}. It can be read, and its plan sent, once a run has passed: "
        f"correct what the last run named, then churn run --snapshot {day}."
    )
