"""Whether the published files are what was published, and bringing sealed ones back.

A partition that is not sealed can be made by a run once more, to the same bytes. A sealed one cannot: what was decided
then is on record nowhere else. So it exists twice, and either file is brought back from the other.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal

from churn_assets.instance.files import sha256_of, write_copy
from churn_assets.instance.record.store import Partition
from churn_assets.instance.tables import PartitionDamaged, Tables

CHEAP_BYTES = 512 << 20  # half a second of checksums
THREADS = 2  # SHA-256 runs without the lock of Python: 1 GB takes 0.9 s with two threads (2026-11)


@dataclass(frozen=True)
class Damage:
    """A file that is not what the manifest says. `is_copy`: the second copy of a sealed partition."""

    partition: Partition
    file: Path
    why: Literal["missing", "of another size", "changed"]
    is_copy: bool = False

    @property
    def text(self) -> str:
        name = f"{self.partition.stage}.{self.partition.table} of {self.partition.snapshot}"
        return f"{'the second copy of ' if self.is_copy else ''}{name} is {self.why} ({self.file})"


@dataclass(frozen=True)
class Healed:
    """What was brought back: files of partitions, second copies; and sealed partitions of which both are lost."""

    files: Sequence[Partition]
    copies: Sequence[Partition]
    lost: Sequence[Partition]


def damaged(tables: Tables, max_bytes: int | None = None) -> list[Damage]:
    """Files that are missing, of another size, or of another content than was published.

    `max_bytes`: contents are compared up to so many bytes, sealed partitions and the newest first; of the others only
    the size, which a flipped bit does not change. None: all contents.
    """
    partitions = tables.record.partitions()
    expected = [Damage(p, tables.root / p.path, "changed") for p in partitions]
    expected += [Damage(p, tables.copies / p.path, "changed", is_copy=True) for p in partitions if p.is_sealed]
    expected.sort(key=lambda each: (each.partition.is_sealed, each.partition.snapshot), reverse=True)
    wrong, readable, size = [], [], 0
    for each in expected:
        if not each.file.is_file():
            wrong.append(Damage(each.partition, each.file, "missing", each.is_copy))
        elif each.file.stat().st_size != each.partition.bytes:
            wrong.append(Damage(each.partition, each.file, "of another size", each.is_copy))
        else:
            size += each.partition.bytes
            if max_bytes is None or size <= max_bytes:
                readable.append(each)
    return wrong + _changed(readable)


def refuse_damaged(tables: Tables, days: Collection[date]) -> None:
    """Raises PartitionDamaged on files that a run of `days` reads and does not make: views over them do not notice.

    Compared as far as CHEAP_BYTES go; `churn verify --files` compares all.
    """
    wrong = [
        each for each in damaged(tables, CHEAP_BYTES)
        if not each.is_copy and (each.partition.is_sealed or each.partition.snapshot not in days)
    ]  # fmt: skip
    if wrong:
        step = "churn heal" if wrong[0].partition.is_sealed else "churn rebuild"
        more = f", and {len(wrong) - 1} more" if len(wrong) > 1 else ""
        raise PartitionDamaged(f"{wrong[0].text}{more}. Nothing was run; bring it back with {step}.")


def heal(tables: Tables, elsewhere: Path | None = None) -> Healed:
    """Bring back the files and the second copies of sealed partitions, each from the other.

    `elsewhere`: a folder with files by the same paths, as a backup has, for those of which both are lost.
    """
    files: list[Partition] = []
    copies: list[Partition] = []
    lost: list[Partition] = []
    for partition in (p for p in tables.record.partitions() if p.is_sealed):
        file, copy = tables.root / partition.path, tables.copies / partition.path
        other = [elsewhere / partition.path] if elsewhere else []
        source = next((each for each in (file, copy, *other) if _is_whole(each, partition)), None)
        if source is None:
            lost.append(partition)
            continue
        for target, healed in ((file, files), (copy, copies)):
            if target != source and not _is_whole(target, partition):
                write_copy(source, target)
                healed.append(partition)
    return Healed(files, copies, lost)


def complete_copies(tables: Tables) -> int:
    """Make the second copies that are missing: of partitions sealed by a release that made none. Returns how many."""
    made = 0
    for partition in (p for p in tables.record.partitions() if p.is_sealed):
        file, copy = tables.root / partition.path, tables.copies / partition.path
        if not copy.exists() and _is_whole(file, partition):
            write_copy(file, copy)
            made += 1
    return made


def _is_whole(file: Path, partition: Partition) -> bool:
    return file.is_file() and file.stat().st_size == partition.bytes and sha256_of(file) == partition.sha256


def _changed(readable: Iterable[Damage]) -> list[Damage]:
    with ThreadPoolExecutor(THREADS) as pool:
        return [each for each, is_whole in pool.map(_compared, readable) if not is_whole]


def _compared(each: Damage) -> tuple[Damage, bool]:
    return each, _is_whole(each.file, each.partition)
