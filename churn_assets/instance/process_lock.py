"""One process at a time for what must not be done twice at once: a dispatch, a UI, a search for parameters."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from churn_assets.failures import Failure


@contextmanager
def alone(lock: Path, busy: Failure) -> Iterator[None]:
    """Raises `busy` at once where another process holds the lock, which the kernel drops with that process.

    A lock that something within waits for in vain is not this one, and is told as itself.
    """
    held = FileLock(lock)
    try:
        held.acquire(timeout=0)
    except Timeout:
        raise busy from None
    try:
        yield
    finally:
        held.release()
