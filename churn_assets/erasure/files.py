"""Every file of a home by kind, and users in those that are neither tables nor raw rows."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

from churn_assets.erasure.pending import PENDING
from churn_assets.erasure.raw_files import records
from churn_assets.erasure.traces import Traces
from churn_assets.erasure.words import is_distinctive
from churn_assets.instance.files import write_whole
from churn_assets.instance.home import PULLED
from churn_assets.landing.files import DataFile, Format, data_file
from churn_assets.landing.journal import NAME

SHOP = "truth"  # the truth of the simulated shop, which the pipeline never reads
RAW_FOLDERS = ("landing", "received", PULLED)
LINES = (".csv", ".jsonl", ".log", ".err", ".out", ".txt")  # a line is a row: one that names the user is removed
ENCODING, ERRORS = "utf-8", "surrogateescape"  # bytes that are no UTF-8 are written back unchanged
PARTS_OF_OTHERS = ("-wal", "-shm", "-journal", ".wal")
ARCHIVES = (".gz", ".zip", ".zst", ".bz2", ".xz", ".tar", ".tgz")


class Kind(StrEnum):
    """Kinds of files, by content, not by name."""

    RAW = "raw"
    PARQUET = "parquet"
    DUCKDB = "duckdb"
    SQLITE = "sqlite"
    TEXT = "text"
    ARCHIVE = "archive"


def files_of(root: Path) -> Iterator[tuple[Path, Kind]]:
    """Every file under a home, behind links too, but the tombstones, a pending erasure, the truth of the simulated
    shop, and raw rows outside the home.
    """
    for file in _walk(root):
        top = file.relative_to(root).parts[0]
        if file.is_file() and top not in (SHOP, NAME, PENDING) and not file.name.endswith(PARTS_OF_OTHERS):
            yield file, _kind(file, is_raw=top in RAW_FOLDERS)


def is_elsewhere(folder: Path, root: Path) -> bool:
    """Whether a folder of raw rows is external: outside the home, or behind a link in it."""
    return not folder.resolve().is_relative_to(root.resolve())


def lines_in(file: Path, traces: Traces) -> int:
    """Number of lines (records of a CSV file) that name the users; all lines of a file named after one."""
    lines = _lines(file)
    if _is_named_after(file, traces):
        return max(1, len(lines))
    return sum(traces.is_in(line) for line in lines)


def remove(file: Path, traces: Traces) -> None:
    """Remove lines that name the users, from pages only the name; a file that is no text stays, as the proof says."""
    if _is_named_after(file, traces):
        file.unlink()
        return
    lines = _lines(file)
    if not any(traces.is_in(line) for line in lines) or not _is_text("".join(lines)):
        return
    if file.suffix in LINES:
        remaining = [line for line in lines if not traces.is_in(line)]
    else:
        remaining = [traces.without(line) if traces.is_in(line) else line for line in lines]
    mode = file.stat().st_mode & 0o7777
    write_whole(file.resolve(), lambda target: target.write_text("".join(remaining), ENCODING, newline=""))
    file.chmod(mode)


def _walk(root: Path) -> Iterator[Path]:
    """All files in a stable order; a folder reached by several links comes once."""
    seen = {root.resolve()}
    for folder, folders, file_names in os.walk(root, followlinks=True):
        parent = Path(folder)
        external = [
            name for name in folders if parent == root and name in RAW_FOLDERS and is_elsewhere(parent / name, root)
        ]
        folders[:] = sorted(name for name in folders if name not in external and (parent / name).resolve() not in seen)
        seen.update((parent / name).resolve() for name in folders)
        yield from (parent / name for name in sorted(file_names))


def _kind(file: Path, *, is_raw: bool) -> Kind:
    with file.open("rb") as handle:
        head = handle.read(16)
    if is_raw and (head.startswith(b"PAR1") or data_file(file) is not None):
        return Kind.RAW
    if head.startswith(b"PAR1"):
        return Kind.PARQUET
    if head.startswith(b"SQLite format 3"):
        return Kind.SQLITE
    if head[8:12] == b"DUCK":
        return Kind.DUCKDB
    return Kind.ARCHIVE if file.suffix in ARCHIVES else Kind.TEXT


def _is_named_after(file: Path, traces: Traces) -> bool:
    users = (user for user in traces.users if is_distinctive(user))
    return any(user in file.name and re.search(rf"(?<![^\W_]){re.escape(user)}(?![^\W_])", file.name) for user in users)


def _lines(file: Path) -> list[str]:
    if file.suffix == ".csv":
        return [record.text for record in records(DataFile(file, Format.CSV), ENCODING)]
    return file.read_bytes().decode(ENCODING, ERRORS).splitlines(keepends=True)


def _is_text(content: str) -> bool:
    try:
        content.encode(ENCODING)
    except UnicodeEncodeError:
        return False
    return True
