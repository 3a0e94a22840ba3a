"""The record store: a manifest row is the one act that makes a file visible."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import date, datetime

import pytest

from churn_assets.instance.record.store import Partition, Record

PARTITION = Partition(
    "scoring", "scored_users", date(2026, 11, 16), "a.parquet", "aa", 3, 100, False, datetime(2026, 11, 16, 3)
)  # fmt: skip


def test_a_listed_partition_is_read_back_as_it_was(record: Record) -> None:
    record.list_partition(PARTITION)
    assert record.partitions() == [PARTITION]
    assert record.partitions("scoring", "scored_users") == [PARTITION]
    assert record.partitions("scoring", "user_reasons") == []


def test_a_later_row_replaces_an_open_partition(record: Record) -> None:
    later = replace(PARTITION, path="b.parquet", sha256="bb", rows=4)
    record.list_partition(PARTITION)
    record.list_partition(later)
    assert record.partitions() == [later]


def test_a_sealed_partition_is_never_replaced(record: Record) -> None:
    sealed = replace(PARTITION, is_sealed=True)
    record.list_partition(sealed)
    record.list_partition(replace(sealed, path="b.parquet", sha256="bb"))
    record.list_partition(replace(PARTITION, path="c.parquet", sha256="cc"))
    assert record.partitions() == [sealed]


def test_partitions_come_oldest_first(record: Record) -> None:
    days = [date(2026, 11, 16), date(2026, 11, 2), date(2026, 11, 9)]
    for day in days:
        record.list_partition(replace(PARTITION, snapshot=day))
    assert [found.snapshot for found in record.partitions("scoring", "scored_users")] == sorted(days)


def test_every_write_is_on_disk_when_it_returns(record: Record) -> None:
    record.list_partition(PARTITION)
    with record.transaction() as connection:
        assert connection.execute("pragma journal_mode").fetchone() == ("wal",)
        assert connection.execute("pragma synchronous").fetchone() == (2,), "full: 2"


def test_a_transaction_that_fails_leaves_nothing(record: Record) -> None:
    def fill_half() -> None:
        with record.transaction() as connection:
            connection.execute("insert into facts values ('half', 'x')")
            connection.execute("insert into facts values ('half', 'again')")

    with pytest.raises(sqlite3.IntegrityError):
        fill_half()
    assert record.fact("half") is None


def test_a_fact_is_stated_and_restated(record: Record) -> None:
    assert record.fact("calendar.start") is None
    record.state_fact("calendar.start", "2024-01-01")
    record.state_fact("calendar.start", "2025-01-06")
    assert record.fact("calendar.start") == "2025-01-06"
