"""Faults of the stores: the record, the warehouse, the published files."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import duckdb

from churn_assets.doctor.finding import Finding
from churn_assets.doctor.scene import Scene
from churn_assets.duck import LOCKED, duck
from churn_assets.instance.condition import CHEAP_BYTES, complete_copies, damaged, heal
from churn_assets.instance.record.errors import RecordError
from churn_assets.instance.record.opening import reading
from churn_assets.instance.record.schema import MIGRATIONS
from churn_assets.instance.record.second import damage, edited

WAIT_SECONDS = 1.0


def record(scene: Scene) -> Iterator[Finding]:
    """The record opens, and SQLite finds no fault in its pages and indexes."""
    if isinstance(scene.schema, RecordError):
        yield Finding(
            "record", "error", " ".join(str(scene.schema).split()),
            "bring it back from its second copy: churn heal; else churn restore into an empty folder",
        )  # fmt: skip
    elif scene.schema is None and scene.home.tables.is_dir() and any(scene.home.tables.iterdir()):
        yield Finding(
            "record", "error", f"{scene.home.record} is missing: without it no published file counts, and no consent.",
            "churn restore into an empty folder, from your newest backup; do not run before",
        )  # fmt: skip
    elif scene.schema is not None:
        faults = damage(scene.home.record)
        if faults:
            yield Finding(
                "record", "error", f"{scene.home.record} is damaged: {'; '.join(faults[:3])}.",
                "bring it back from its second copy: churn heal; else churn restore into an empty folder",
            )  # fmt: skip


def record_rows(scene: Scene) -> Iterator[Finding]:
    """Consents, suppressions, messages and all else on record are as this program wrote them."""
    if not scene.tables or damage(scene.home.record):
        return
    faults = edited(scene.home.record)
    if faults:
        yield Finding(
            "record_rows", "error", f"{scene.home.record} was edited, or bits of it have flipped: {'; '.join(faults)}.",
            "find out who did; then churn heal --accept REASON, or churn restore into an empty folder",
        )  # fmt: skip


def migrations(scene: Scene) -> Iterator[Finding]:
    newest = MIGRATIONS[-1].number
    if not isinstance(scene.schema, int) or scene.schema == newest:
        return
    if scene.schema > newest:
        yield Finding(
            "migrations", "error", f"The record has schema {scene.schema}; this release knows up to {newest}.",
            "upgrade where churn-assets is installed: git pull && make setup",
        )  # fmt: skip
    else:
        yield Finding(
            "migrations", "warning", f"The record has schema {scene.schema}, and this release writes {newest}.",
            "bring it up to date, after a backup that is made by itself", partial(_upgrade, scene),
        )  # fmt: skip


def _upgrade(scene: Scene) -> None:
    with reading(scene.home.record):
        pass


def warehouse(scene: Scene) -> Iterator[Finding]:
    """The warehouse opens; one that is missing while snapshots are published is rebuilt by a run."""
    file = scene.home.warehouse
    if not file.exists():
        if scene.scored:
            yield Finding(
                "warehouse", "warning", f"{file} is missing, and {len(scene.scored)} snapshots are published.",
                "churn rebuild makes it again from the landing",
            )  # fmt: skip
        return
    try:
        with duck(file, read_only=True, wait_seconds=WAIT_SECONDS) as connection:
            connection.execute("select count(*) from duckdb_tables()").fetchall()
    except duckdb.Error as error:
        if LOCKED not in str(error):  # by a run at work
            yield Finding(
                "warehouse", "error", f"{' '.join(str(error).split())[:300]}.",
                "churn rebuild makes it again from the landing",
            )  # fmt: skip


def published_files(scene: Scene) -> Iterator[Finding]:
    """Published files are there, of their size and, as many as half a second reads, of their content."""
    if not scene.tables:
        return
    for each in damaged(scene.tables, CHEAP_BYTES) if scene.partitions else []:
        if each.is_copy and each.why == "missing":
            continue
        is_sealed = each.partition.is_sealed
        yield Finding(
            "published_files", "error", f"{each.text[0].upper()}{each.text[1:]}.",
            "bring it back from the other file of the two: churn heal" if is_sealed
            else f"make it again: churn rebuild (or churn run --snapshot {each.partition.snapshot})",
            partial(heal, scene.tables) if is_sealed else None,
        )  # fmt: skip


def second_copies(scene: Scene) -> Iterator[Finding]:
    if not scene.tables:
        return
    missing = [p for p in scene.partitions if p.is_sealed and not (scene.tables.copies / p.path).exists()]
    if missing:
        yield Finding(
            "second_copies", "warning",
            f"{len(missing)} sealed partitions exist once (the first: {missing[0].table} of {missing[0].snapshot}).",
            "make the second copies: churn heal", partial(complete_copies, scene.tables),
        )  # fmt: skip


def orphan_files(scene: Scene) -> Iterator[Finding]:
    if not scene.tables or scene.live_runs or not scene.partitions:
        return  # a run at work has files that are not listed yet
    orphans = scene.tables.orphans()
    if orphans:
        size = sum(file.stat().st_size for file in orphans)
        yield Finding(
            "orphan_files", "warning",
            f"{len(orphans)} files ({size:,} bytes) belong to no listed partition (the first: {orphans[0]}).",
            "remove them; the next run does so, too", scene.tables.sweep,
        )  # fmt: skip


CHECKS = (record, record_rows, migrations, warehouse, published_files, second_copies, orphan_files)
