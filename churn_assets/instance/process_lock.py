"""A lock for tasks that one process at a time may do: a dispatch, a UI, a search for parameters."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from churn_assets.failures import Failure


@contextmanager
def process_lock(lock: Path, busy_error: Failure) -> Iterator[None]:
    """Raises `busy_error` at once where another process holds the lock, which the kernel drops with that process.

    A Timeout of another lock, raised within the block, is passed on unchanged.
    """
    file_lock = FileLock(lock)
    try:
        file_lock.acquire(timeout=0)
    except Timeout:
        raise busy_error from None
    try:
        yield
    finally:
        file_lock.release()


def is_alive(process: int) -> bool:
    """Whether a process of that number runs, of whatever user."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # a process of another user
        return True
    return True
