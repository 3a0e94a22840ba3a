"""Nobody else may be at work in a home while somebody is erased from it: they would write down again what they hold."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from filelock import FileLock, Timeout

from churn_assets.failures import Failure
from churn_assets.instance.home import Home

# Of a run, see defs/lifelines.py; of a dispatch; of a search for parameters.
RUNS, OTHERS = "run-*.lock", ("dispatch.lock", "tuning.lock")


class ErasureBusy(Failure, RuntimeError):
    """Something is at work in the home."""


@contextmanager
def nobody_else(home: Home, run_id: str | None = None) -> Iterator[None]:
    """Raises ErasureBusy at once where a run, but for `run_id`, a dispatch or a search lives; meanwhile none begins."""
    runs = [file for file in home.locks.glob(RUNS) if file.name != f"run-{run_id}.lock"]
    with ExitStack() as held:
        for file in [*runs, *(home.locks / name for name in OTHERS)]:
            try:
                held.enter_context(FileLock(file, timeout=0))
            except Timeout:
                raise ErasureBusy(
                    f"{file.stem} is at work in {home.root}: wait until it has ended, then run the same command again"
                ) from None
        yield
