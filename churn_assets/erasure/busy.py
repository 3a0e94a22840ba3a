"""The locks of an erasure: another process in the home could write rows of the erased user again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from filelock import FileLock, Timeout

from churn_assets.failures import Failure
from churn_assets.instance.home import Home

# Locks of runs (defs/lifelines.py), of a dispatch, and of a search for parameters.
RUNS, OTHERS = "run-*.lock", ("dispatch.lock", "tuning.lock")


class ErasureBusy(Failure, RuntimeError):
    """A run, a dispatch or a search is at work in the home."""


@contextmanager
def exclusive_home(home: Home, run_id: str | None = None) -> Iterator[None]:
    """Keep other runs, dispatches and searches out of the home. Raises ErasureBusy at once where one is alive."""
    runs = [file for file in home.locks.glob(RUNS) if file.name != f"run-{run_id}.lock"]
    with ExitStack() as locks:
        for file in [*runs, *(home.locks / name for name in OTHERS)]:
            try:
                locks.enter_context(FileLock(file, timeout=0))
            except Timeout:
                raise ErasureBusy(
                    f"{file.stem} is at work in {home.root}: wait until it has ended, then run the same command again"
                ) from None
        yield
