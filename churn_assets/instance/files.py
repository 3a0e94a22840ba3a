"""Writing a file so that it is whole or not there, and knowing later that it is still the same."""

import hashlib
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl

from churn_assets.instance.durable import force

TEMPORARY = ".tmp"
SYSTEM_ERROR = re.compile(r"\(os error (\d+)\)")
Write = Callable[[Path], object]


def write_whole(target: Path, write: Write) -> None:
    """`write` fills a temporary file, which is forced to disk and renamed. On any failure no file stays behind."""
    with _on_disk(target.parent, write) as temporary:
        temporary.rename(target)


def write_by_content(folder: Path, suffix: str, write: Write) -> tuple[Path, str]:
    """The same under a name made of the content; returns the file and its SHA-256. Equal content, equal file."""
    with _on_disk(folder, write) as temporary:
        digest = sha256_of(temporary)
        target = folder / f"{digest[:16]}.{suffix}"
        temporary.rename(target)
    return target, digest


def sha256_of(file: Path) -> str:
    with file.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def rows_sha256(frame: pl.DataFrame) -> str:
    """16 hex digits of a hash over the values: equal for two runs that say the same."""
    return hashlib.sha256(frame.write_csv().encode()).hexdigest()[:16]


@contextmanager
def _on_disk(folder: Path, write: Write) -> Iterator[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    temporary = folder / f".{os.getpid()}{TEMPORARY}"
    try:
        with _polars_says(folder):
            write(temporary)
        force(temporary)
        yield temporary
        force(folder)  # the rename is not on disk before its folder is
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def _polars_says(folder: Path) -> Iterator[None]:
    """What the system refuses to polars, such as space, comes as an error of its own kind with the number in it."""
    try:
        yield
    except pl.exceptions.PolarsError as error:
        number = SYSTEM_ERROR.search(str(error))
        if number is None:
            raise
        raise OSError(int(number[1]), os.strerror(int(number[1])), str(folder)) from error
