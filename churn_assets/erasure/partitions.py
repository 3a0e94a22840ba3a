"""Users in the published Parquet partitions, sealed ones too.

A row of the decision ledger stays for the effects, under an anonymous id: a hash with a salt that is thrown away, so
that the row cannot be found by the user's id. Every other row is removed.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from datetime import UTC, datetime

import polars as pl

from churn_assets.contracts.decision_ledger import ERASED
from churn_assets.erasure.traces import KEY_COLUMNS, Traces
from churn_assets.instance.files import write_by_content, write_copy
from churn_assets.instance.record.store import Partition
from churn_assets.landing.ids import same_id
from churn_assets.landing.tombstones import Tombstones
from churn_assets.workplace import Workplace

LEDGER = "decision_ledger"


def parquet_partitions(workplace: Workplace) -> list[Partition]:
    """Parquet partitions that are listed and whose file exists."""
    tables = workplace.tables
    partitions = [p for p in tables.record.partitions() if p.path.endswith(".parquet")]
    return [partition for partition in partitions if (tables.root / partition.path).exists()]


def keys_in(workplace: Workplace, users: frozenset[str]) -> set[str]:
    """Keys of the decisions about the users and of the messages to them."""
    keys: set[str] = set()
    for partition in parquet_partitions(workplace):
        rows = pl.scan_parquet(workplace.tables.root / partition.path)
        names = rows.collect_schema().names()
        columns = [name for name in KEY_COLUMNS if name in names]
        if columns and "user_id" in names:
            theirs = rows.filter(Traces(users).rows(names)).select(columns).collect()
            keys |= {str(key) for name in columns for key in theirs[name].drop_nulls()}
    return keys


def erased_in(workplace: Workplace, partitions: Iterable[Partition], tombstones: Tombstones) -> set[str]:
    """Users with a tombstone who are in these partitions."""
    user_ids: set[str] = set()
    for partition in partitions:
        rows = pl.scan_parquet(workplace.tables.root / partition.path)
        if "user_id" in rows.collect_schema().names():
            users = rows.select(pl.col("user_id").cast(pl.String).unique()).collect()
            user_ids |= {same_id(user) for user in users["user_id"].drop_nulls()}
    return tombstones.among(user_ids)


def remove(workplace: Workplace, traces: Traces) -> int:
    """Publish every partition that holds the users again without them. Returns the number of their rows.

    Raises PartitionDamaged where a file has changed since it was published: its content is unknown.
    """
    removed = 0
    for partition in parquet_partitions(workplace):
        published = pl.scan_parquet(workplace.tables.file(partition.stage, partition.table, partition.snapshot))
        theirs = traces.rows(published.collect_schema().names())
        if published.select(theirs.any()).collect().item():
            frame = published.collect()
            remaining = _without_names(frame, theirs) if partition.table == LEDGER else frame.filter(~theirs)
            rows = frame.select(theirs.sum()).item()
            _replace(workplace, partition, remaining, rows)
            removed += rows
    return removed


def _without_names(ledger: pl.DataFrame, theirs: pl.Expr) -> pl.DataFrame:
    salt = secrets.token_bytes(32)
    anonymous_ids = [f"{ERASED}{hashlib.sha256(salt + user.encode()).hexdigest()[:24]}" for user in ledger["user_id"]]
    decision_ids = [secrets.token_hex(16) for _ in range(len(ledger))]
    return ledger.with_columns(
        pl.when(theirs).then(pl.Series(decision_ids)).otherwise("decision_id").alias("decision_id"),
        pl.when(theirs).then(pl.Series(anonymous_ids)).otherwise("user_id").alias("user_id"),
    )


def _replace(workplace: Workplace, partition: Partition, remaining: pl.DataFrame, rows: int) -> None:
    """Replace a partition, in one transaction with the record of why a sealed one has changed."""
    tables = workplace.tables
    old = tables.root / partition.path
    new, sha256 = write_by_content(old.parent, "parquet", remaining.write_parquet)
    new_copy, old_copy = (tables.copies / file.relative_to(tables.root) for file in (new, old))
    if partition.is_sealed:
        write_copy(new, new_copy)
    at = datetime.now(UTC).replace(tzinfo=None, microsecond=0).isoformat()
    key = (partition.stage, partition.table, partition.snapshot.isoformat())
    with tables.record.transaction() as connection:
        if partition.is_sealed:
            connection.execute(
                "insert into erasures values (?, ?, ?, ?, ?, ?, ?)", (*key, partition.sha256, sha256, rows, at)
            )
        connection.execute(
            "update manifest set path = ?, sha256 = ?, rows = ?, bytes = ? "
            "where stage = ? and table_name = ? and snapshot_date = ?",
            (str(new.relative_to(tables.root)), sha256, len(remaining), new.stat().st_size, *key),
        )
    if old != new:
        old.unlink(missing_ok=True)
        old_copy.unlink(missing_ok=True)
