"""The tombstones on disk, in two files: in the home, and beside it, so that none is lost when a home is restored from
a backup or moved. Each file is readable by its owner only; reading adds the rows that one of them lacks.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from churn_assets.failures import ODD, Failure

NAME = "tombstones.jsonl"
COLUMNS = {"salt", "user_sha256", "erased_at", "erased_by"}
Row = Mapping[str, str]


class JournalDamaged(Failure, RuntimeError, code="damaged"):
    """A file of tombstones cannot be read, and must not count as empty: erased users would come back."""


@dataclass(frozen=True)
class Journal:
    """Append-only rows, one JSON object a line."""

    root: Path

    @property
    def inside(self) -> Path:
        return self.root / NAME

    @property
    def beside(self) -> Path:
        return self.root.parent / f"{self.root.name}.{NAME}"

    def rows(self) -> list[Row]:
        """The union of both files, oldest first. Raises OSError where the file in the home cannot be completed."""
        inside, beside = _lines(self.inside), _readable_lines(self.beside)
        _append(self.inside, [line for line in beside if line not in set(inside)])
        with suppress(OSError):  # the folder around the home may belong to somebody else: see kept_in
            _append(self.beside, [line for line in inside if line not in set(beside)])
        rows = [json.loads(line) for line in dict.fromkeys([*inside, *beside])]
        return sorted(rows, key=lambda row: str(row["erased_at"]))

    def lines(self) -> tuple[set[str], set[str]]:
        """The rows in the home, and those beside it, as they are: neither file is completed."""
        return set(_lines(self.inside)), set(_readable_lines(self.beside))

    def torn(self) -> int:
        """Lines of the file in the home that are no rows."""
        text = self.inside.read_text(errors="replace") if self.inside.is_file() else ""
        return sum(not _is_row(line) for line in text.splitlines() if line.strip())

    @staticmethod
    def lines_of(file: Path) -> set[str]:
        """The rows of any file of tombstones, as a backup has one; none where it is missing."""
        return set(_lines(file))

    @staticmethod
    def append_to(file: Path, lines: Sequence[str]) -> None:
        """Append rows, as lines, to a file of tombstones."""
        _append(file, lines)

    def add(self, lines: Sequence[str]) -> None:
        """Append the rows that the file in the home lacks, given as lines."""
        _append(self.inside, [line for line in lines if line not in set(_lines(self.inside))])

    def append(self, rows: Sequence[Row]) -> None:
        """Append rows; they are on disk, in the home at least, when this returns."""
        _append(self.inside, [json.dumps(dict(row), sort_keys=True) for row in rows])
        self.rows()

    def kept_in(self) -> list[Path]:
        """The files that hold every row."""
        rows = len(self.rows())
        return [file for file in (self.inside, self.beside) if rows and len(_readable_lines(file)) == rows]


def _lines(file: Path) -> list[str]:
    """Complete rows of a file: a killed process, or a full disk, may have left the beginning of one."""
    if file.exists() and not file.is_file():
        raise JournalDamaged(f"{file} {ODD}: the users who were erased are in it.")
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return []
    except UnicodeDecodeError:
        raise JournalDamaged(
            f"{file} is damaged: it says who was erased. Move it away; the other of the two, in the home and beside "
            "it, has the same rows, and so has every backup."
        ) from None
    return [line for line in text.splitlines() if _is_row(line)]


def _readable_lines(file: Path) -> list[str]:
    """The same; none where this user may not read it, as the folder around the home may be somebody else's."""
    try:
        return [] if file.exists() and not file.is_file() else _lines(file)
    except OSError:
        return []


def _is_row(line: str) -> bool:
    try:
        return bool(json.loads(line).keys() == COLUMNS)
    except (ValueError, AttributeError):
        return False


def _append(file: Path, lines: Sequence[str]) -> None:
    if not lines:
        return
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        os.fchmod(descriptor, 0o600)
        size = os.fstat(descriptor).st_size
        is_torn = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
        rest = memoryview((("\n" if is_torn else "") + "".join(f"{line}\n" for line in lines)).encode())
        while rest:  # a disk that fills up takes a part
            rest = rest[os.write(descriptor, rest) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # a new file is on disk only after its folder
    finally:
        os.close(folder)
