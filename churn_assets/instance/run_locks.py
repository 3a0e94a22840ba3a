"""Which runs are alive: a run holds a file lock while it lives, and the kernel drops it with the process."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from churn_assets.failures import Failure

# Between being recorded as started and taking its lock a run imports and initialises; that takes seconds.
GRACE_SECONDS = 60
UNFINISHED = ("STARTING", "STARTED", "CANCELING")  # as Dagster calls the states of a run that has begun
ERASURE = "erasure.lock"
WAIT_SECONDS = 900  # 500 users of 20,000 take a third of that


class BeingErased(Failure, RuntimeError, code="busy"):
    """Users are being erased, for longer than anything that starts waits."""


@contextmanager
def no_erasure(folder: Path) -> Iterator[None]:
    """Wait for the erasure that is at work, and keep another from beginning within the block. Raises BeingErased."""
    lock = FileLock(folder / ERASURE)
    try:
        lock.acquire(timeout=WAIT_SECONDS)
    except Timeout:
        raise BeingErased(
            f"Users are being erased in {folder.parent}: wait until that has ended, then run the same command again."
        ) from None
    try:
        yield
    finally:
        lock.release()


def lock_of_run(folder: Path, run_id: str) -> Path:
    return folder / f"run-{run_id}.lock"


def is_held(lock: Path) -> bool:
    """Whether a process holds the lock."""
    if not lock.exists():
        return False
    try:
        with FileLock(lock, timeout=0):
            return False
    except Timeout:
        return True


def is_dead(folder: Path, run_id: str, started: float | None) -> bool:
    """Whether an unfinished run has ended. A lock file without a holder is of a dead run."""
    lock = lock_of_run(folder, run_id)
    is_starting = not lock.exists() and started is not None and time.time() - started < GRACE_SECONDS
    return not is_held(lock) and not is_starting


def live_runs(folder: Path) -> list[str]:
    """Ids of the runs that are at work."""
    return sorted(file.stem.removeprefix("run-") for file in folder.glob("run-*.lock") if is_held(file))
