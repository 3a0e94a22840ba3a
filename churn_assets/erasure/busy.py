"""The locks of an erasure: another process in the home could write rows of the erased user again.

A run that starts takes its own lock first, then waits until nobody holds that of erasures; an erasure takes that lock
first, then looks at those of runs. So whichever comes second sees the other, and none is between the two.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from churn_assets.failures import Failure
from churn_assets.instance.home import Home
from churn_assets.instance.run_locks import ERASURE

# Locks of runs (defs/lifelines.py), of a dispatch, and of a search for parameters.
RUNS, OTHERS = "run-*.lock", ("dispatch.lock", "tuning.lock")
STEP_SECONDS = 0.5


class ErasureBusy(Failure, RuntimeError, code="busy"):
    """A run, a dispatch or a search is at work in the home."""


@contextmanager
def exclusive_home(home: Home, run_id: str | None = None, wait_seconds: float = 0) -> Iterator[None]:
    """Keep other runs, dispatches and searches out of the home; those that start wait or are refused.

    Raises ErasureBusy where one is still alive after `wait_seconds`.
    """
    deadline = time.monotonic() + wait_seconds
    with ExitStack() as locks:
        while True:
            try:
                locks.enter_context(_all_locks(home, run_id))
                break
            except ErasureBusy:
                if time.monotonic() >= deadline:
                    raise
            time.sleep(STEP_SECONDS)
        yield


@contextmanager
def _all_locks(home: Home, run_id: str | None) -> Iterator[None]:
    with ExitStack() as locks:
        _take(locks, home, home.locks / ERASURE)
        runs = [file for file in home.locks.glob(RUNS) if file.name != f"run-{run_id}.lock"]
        for file in [*runs, *(home.locks / name for name in OTHERS)]:
            _take(locks, home, file)
        yield


def _take(locks: ExitStack, home: Home, file: Path) -> None:
    try:
        locks.enter_context(FileLock(file, timeout=0))
    except Timeout:
        raise ErasureBusy(
            f"{file.stem} is at work in {home.root}: wait until it has ended, then run the same command again"
        ) from None
