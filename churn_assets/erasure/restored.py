"""Partitions after an old record store or old tables were restored: listed without a file, or not swept yet."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from churn_assets.erasure.partitions import parquet_partitions
from churn_assets.instance.files import sha256_of
from churn_assets.instance.record.store import Partition
from churn_assets.landing.tombstones import Tombstones
from churn_assets.workplace import Workplace


def relist(workplace: Workplace) -> int:
    """List the file that is there where a listed file is missing: the partition before or after an erasure.

    Otherwise the file would be swept as unlisted, and a sealed ledger cannot be rebuilt. Returns how many.
    """
    relisted = 0
    for partition in workplace.record.partitions():
        file = workplace.tables.root / partition.path
        if file.suffix == ".parquet" and not file.exists():
            candidates = [(path, sha256_of(path)) for path in file.parent.glob("*.parquet")]
            matching = [(path, sha256) for path, sha256 in candidates if path.stem == sha256[:16]]
            if len(matching) == 1:
                _list(workplace, partition, *matching[0])
                relisted += 1
    return relisted


def unswept(workplace: Workplace, tombstones: Tombstones) -> list[Partition]:
    """Partitions not yet searched for all erased users; a file with the same hash is searched once."""
    with workplace.record.reading() as connection:
        swept = dict(connection.execute("select sha256, tombstones from swept_files").fetchall())
    return [each for each in parquet_partitions(workplace) if swept.get(each.sha256) != tombstones.version]


def mark_swept(workplace: Workplace, tombstones: Tombstones) -> None:
    rows = [(partition.sha256, tombstones.version) for partition in parquet_partitions(workplace)]
    with workplace.record.transaction() as connection:
        connection.execute("delete from swept_files")
        connection.executemany("insert or replace into swept_files values (?, ?)", rows)


def _list(workplace: Workplace, partition: Partition, file: Path, sha256: str) -> None:
    rows = pl.scan_parquet(file).select(pl.len()).collect().item()
    with workplace.record.transaction() as connection:
        connection.execute(
            "update manifest set path = ?, sha256 = ?, rows = ?, bytes = ? "
            "where stage = ? and table_name = ? and snapshot_date = ?",
            (str(file.relative_to(workplace.tables.root)), sha256, rows, file.stat().st_size, partition.stage,
             partition.table, partition.snapshot.isoformat()),
        )  # fmt: skip
