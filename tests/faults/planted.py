"""Faults of a protocol, planted in a process before it acts: what a careless change could bring. All are to be noticed.

Each names the act by which it shows.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from churn_assets.backup import listing, make
from churn_assets.erasure import erase, partitions, removal
from churn_assets.instance import durable, files, outbox, tables
from churn_assets.instance.record import opening, second, store
from churn_assets.landing import journal


@dataclass(frozen=True)
class Planted:
    act: str
    apply: Callable[[], object]


def _put(*places: tuple[Any, str], value: Any) -> Callable[[], None]:
    def apply() -> None:
        for place, name in places:
            setattr(place, name, value)

    return apply


def _no_fsync_of(kind: Callable[[Path], bool]) -> Callable[[], None]:
    real = durable.fsync

    def fsync(path: Path) -> None:
        if not kind(path):
            real(path)

    return _put((files, "fsync"), (make, "fsync"), (durable, "fsync"), value=fsync)


@contextmanager
def _in_place(folder: Path, write: Callable[[Path], object]) -> Iterator[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    temporary = folder / ".0.tmp"
    temporary.touch()
    yield temporary
    target = max(folder.iterdir(), key=lambda file: file.stat().st_ctime_ns)
    write(target)  # after its rename


def _by_name(folder: Path, suffix: str, write: Callable[[Path], object]) -> tuple[Path, str]:
    """Under one name for ever, so that a reader of the old row gets the new content."""
    target = next(iter(folder.glob(f"*.{suffix}")), folder / f"part.{suffix}")
    files.write_whole(target, write)
    return target, files.sha256_of(target)


def _listed_first() -> None:
    real = tables.Tables._publish

    def publish(self: Any, *key: Any, seal: bool, **more: Any) -> Any:
        partition = real(self, *key, seal=False, **more)
        if seal:
            with self.record.transaction() as connection:
                connection.execute("update manifest set is_sealed = 1 where path = ?", (partition.path,))
            files.write_copy(self.root / partition.path, self.copies / partition.path)
        return partition

    tables.Tables._publish = publish  # type: ignore[method-assign]


def _hard_link(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    os.link(source, target)


def _synchronous_off() -> None:
    real = opening._connect

    class Careless:
        def __init__(self, connection: Any) -> None:
            self._connection = connection

        def execute(self, sql: str, *parameters: Any) -> Any:
            return self._connection.execute(sql.replace("synchronous = full", "synchronous = off"), *parameters)

        def __getattr__(self, name: str) -> Any:
            return getattr(self._connection, name)

    opening._connect = lambda file: Careless(real(file))  # type: ignore[assignment,return-value]


def _committed_piece_by_piece() -> None:
    """Each row its own transaction."""

    def approve(self: Any, approval: Any, keys: Any) -> int:
        done = 0
        for number, key in enumerate(keys):
            with self.record.transaction() as connection:
                if number == 0:
                    connection.execute(
                        "insert into approvals (snapshot_date, plan_sha256, messages, cost_amount, approved_by, "
                        "approved_at, signature) values (?, ?, ?, ?, ?, ?, ?)",
                        (approval.snapshot.isoformat(), approval.plan_sha256, approval.messages, approval.cost_amount,
                         approval.approved_by, approval.approved_at.isoformat(), approval.signature),
                    )  # fmt: skip
                done += connection.execute(
                    "update outbox set state = 'approved' where message_key = ? and state = 'planned'", (key,)
                ).rowcount
        return done

    outbox.OutboxStore.approve = approve  # type: ignore[method-assign]


def _tombstone_last() -> None:
    real_remove, real_add = erase._remove, erase.Tombstones.add
    kept: list[Any] = []

    def add(self: Any, users: Any, by: str) -> int:
        kept.append((self, list(users), by))
        return len(kept[0][1])

    def remove(workplace: Any, traces: Any) -> Any:
        done = real_remove(workplace, traces)
        real_add(*kept[0])
        return done

    erase.Tombstones.add, erase._remove = add, remove  # type: ignore[method-assign]


def _no_listing_of_the_erased() -> None:
    real = partitions._replace

    def replace(workplace: Any, partition: Any, remaining: Any, rows: int) -> None:
        if partition.is_sealed:
            real(workplace, partition, remaining, rows)
            return
        old = workplace.tables.root / partition.path
        files.write_whole(old, remaining.write_parquet)

    partitions._replace = replace


def _list_before_the_files() -> None:
    real = make._record_and_tables

    def early(home: Any, folder: Path) -> Any:
        (folder / listing.NAME).write_text('{"files": []}')
        return real(home, folder)

    make._record_and_tables = early


def _forgotten(self: Any, partition: Any) -> None:
    """A partition that nobody lists."""


PLANTED: Mapping[str, Planted] = {
    "a file is not forced to disk": Planted("publish", _no_fsync_of(lambda path: path.name.endswith(".tmp"))),
    "a folder is not forced to disk": Planted("publish", _no_fsync_of(Path.is_dir)),
    "the copy of the record is not forced to disk": Planted("backup", _put((second, "fsync"), value=lambda _: None)),
    "a file is renamed before it is written": Planted("publish", _put((files, "_on_disk"), value=_in_place)),
    "a file is written over the old one": Planted(
        "publish", _put((tables, "write_by_content"), (partitions, "write_by_content"), value=_by_name)
    ),
    "a partition is not listed": Planted("publish", _put((store.Record, "list_partition"), value=_forgotten)),
    "a sealed partition has no copy": Planted("seal", _put((tables, "write_copy"), value=lambda *_: None)),
    "a sealed partition is listed before its copy": Planted("seal", _listed_first),
    "a copy is a link": Planted("seal", _put((tables, "write_copy"), value=_hard_link)),
    "the record does not wait for the disk": Planted("record", _synchronous_off),
    "rows are not chained": Planted(
        "record",
        _put((opening, "chained"), value=lambda connection, file: nullcontext()),  # noqa: ARG005
    ),
    "promotions are not chained": Planted(
        "promote",
        _put((opening, "chained"), value=lambda connection, file: nullcontext()),  # noqa: ARG005
    ),
    "an approval is recorded piece by piece": Planted("outbox", _committed_piece_by_piece),
    "the tombstone comes last": Planted("erase", _tombstone_last),
    "the tombstone is not written": Planted("erase", _put((journal, "_append"), value=lambda *_: None)),
    "an erasure forgets the second copy of a ledger": Planted(
        "erase", _put((partitions, "write_copy"), value=lambda *_: None)
    ),
    "an erasure does not list what it writes": Planted("erase", _no_listing_of_the_erased),
    "an erasure does not note whom it erases": Planted("erase", _put((erase, "save_pending"), value=lambda *_: None)),
    "an erasure leaves the landing": Planted("erase", _put((removal.landing, "remove"), value=lambda *_: None)),
    "a backup says that it is whole before it is": Planted("backup", _list_before_the_files),
}
