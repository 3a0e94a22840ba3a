"""Writing a file so that it is whole or not there, and knowing later that it is still the same."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

TEMPORARY = ".tmp"


def write_whole(target: Path, write: Callable[[Path], None]) -> None:
    """`write` fills a temporary file, which is forced to disk and renamed. On any failure no file stays behind."""
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.{os.getpid()}{TEMPORARY}")
    try:
        write(temporary)
        _sync(temporary)
        temporary.rename(target)
        _sync(target.parent)
    finally:
        temporary.unlink(missing_ok=True)


def sha256_of(file: Path) -> str:
    with file.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
