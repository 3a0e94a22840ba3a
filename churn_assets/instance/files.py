"""Atomic writes of files, and hashes that show later whether a file has changed."""

import hashlib
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl

from churn_assets.instance.durable import fsync

TEMPORARY = ".tmp"
SYSTEM_ERROR = re.compile(r"\(os error (\d+)\)")
Write = Callable[[Path], object]


def write_whole(target: Path, write: Write) -> None:
    """`write` fills a temporary file, which is forced to disk and renamed. On any failure no file stays behind."""
    with _on_disk(target.parent, write) as temporary:
        temporary.rename(target)


def write_by_content(folder: Path, suffix: str, write: Write) -> tuple[Path, str]:
    """Like `write_whole`, under a name made of the content's hash; returns the file and its SHA-256."""
    with _on_disk(folder, write) as temporary:
        digest = sha256_of(temporary)
        target = folder / f"{digest[:16]}.{suffix}"
        temporary.rename(target)
    return target, digest


def write_copy(source: Path, target: Path) -> None:
    """Make `target` a copy of `source`, whole and on disk, with blocks of its own: a link would rot with `source`."""
    write_whole(target, lambda file: file.write_bytes(source.read_bytes()))


def sha256_of(file: Path) -> str:
    with file.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def rows_sha256(frame: pl.DataFrame) -> str:
    """16 hex digits of a hash over the values: equal for two runs with equal rows."""
    return hashlib.sha256(frame.write_csv().encode()).hexdigest()[:16]


@contextmanager
def _on_disk(folder: Path, write: Write) -> Iterator[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    temporary = folder / f".{os.getpid()}{TEMPORARY}"
    try:
        with _as_os_error(folder):
            write(temporary)
        fsync(temporary)
        yield temporary
        fsync(folder)  # the rename is on disk only after its folder
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def _as_os_error(folder: Path) -> Iterator[None]:
    """Raises errors of the operating system, which polars wraps with the number in the text, as OSError."""
    try:
        yield
    except pl.exceptions.PolarsError as error:
        number = SYSTEM_ERROR.search(str(error))
        if number is None:
            raise
        raise OSError(int(number[1]), os.strerror(int(number[1])), str(folder)) from error
