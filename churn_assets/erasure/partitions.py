"""A user in the published Parquet partitions, the sealed ones too.

A row of the decision ledger stays for the effects, under a name that stands for nobody: made with a salt that is thrown
away, so that not even who knows the id finds the row. Every other row goes.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from datetime import UTC, datetime

import polars as pl

from churn_assets.contracts.decision_ledger import ERASED
from churn_assets.erasure.traces import KEY_COLUMNS, Traces
from churn_assets.instance.files import write_by_content
from churn_assets.instance.record.store import Partition
from churn_assets.landing.ids import same_id
from churn_assets.landing.tombstones import Tombstones
from churn_assets.workplace import Workplace

LEDGER = "decision_ledger"


def parquet_partitions(workplace: Workplace) -> list[Partition]:
    """Listed and there."""
    tables = workplace.tables
    found = [p for p in tables.record.partitions() if p.path.endswith(".parquet")]
    return [partition for partition in found if (tables.root / partition.path).exists()]


def keys_in(workplace: Workplace, users: frozenset[str]) -> set[str]:
    """Keys of the decisions about the users and of the messages to them."""
    found: set[str] = set()
    for partition in parquet_partitions(workplace):
        rows = pl.scan_parquet(workplace.tables.root / partition.path)
        names = rows.collect_schema().names()
        keys = [name for name in KEY_COLUMNS if name in names]
        if keys and "user_id" in names:
            theirs = rows.filter(Traces(users).rows(names)).select(keys).collect()
            found |= {str(key) for name in keys for key in theirs[name].drop_nulls()}
    return found


def erased_in(workplace: Workplace, partitions: Iterable[Partition], tombstones: Tombstones) -> set[str]:
    """Users with a tombstone whom these partitions hold nevertheless."""
    found: set[str] = set()
    for partition in partitions:
        rows = pl.scan_parquet(workplace.tables.root / partition.path)
        if "user_id" in rows.collect_schema().names():
            users = rows.select(pl.col("user_id").cast(pl.String).unique()).collect()
            found |= {same_id(user) for user in users["user_id"].drop_nulls()}
    return tombstones.among(found)


def remove(workplace: Workplace, traces: Traces) -> int:
    """Publish every partition that holds the users anew, without them, and remove the old file. Returns the rows.

    Raises PartitionDamaged where a file is not the one that was published: there is no telling what is in it.
    """
    removed = 0
    for partition in parquet_partitions(workplace):
        held = workplace.tables.scan(partition.stage, partition.table, partition.snapshot)
        theirs = traces.rows(held.collect_schema().names())
        if held.select(theirs.any()).collect().item():
            frame = held.collect()
            kept = _without_names(frame, theirs) if partition.table == LEDGER else frame.filter(~theirs)
            rows = frame.select(theirs.sum()).item()
            _replace(workplace, partition, kept, rows)
            removed += rows
    return removed


def _without_names(ledger: pl.DataFrame, theirs: pl.Expr) -> pl.DataFrame:
    salt = secrets.token_bytes(32)
    nobody = [f"{ERASED}{hashlib.sha256(salt + user.encode()).hexdigest()[:24]}" for user in ledger["user_id"]]
    keys = [secrets.token_hex(16) for _ in range(len(ledger))]
    return ledger.with_columns(
        pl.when(theirs).then(pl.Series(keys)).otherwise("decision_id").alias("decision_id"),
        pl.when(theirs).then(pl.Series(nobody)).otherwise("user_id").alias("user_id"),
    )


def _replace(workplace: Workplace, partition: Partition, kept: pl.DataFrame, rows: int) -> None:
    """In one transaction with the note that a sealed partition is no longer what was sealed, and why."""
    tables = workplace.tables
    old = tables.root / partition.path
    new, sha256 = write_by_content(old.parent, "parquet", kept.write_parquet)
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
            (str(new.relative_to(tables.root)), sha256, len(kept), new.stat().st_size, *key),
        )
    if old != new:
        old.unlink(missing_ok=True)
