"""One search at a time in a home: two would take each other's trials for those of a killed run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from churn_assets.failures import Failure
from churn_assets.instance.home import Home
from churn_assets.instance.process_lock import process_lock


class TuningBusy(Failure, RuntimeError, code="busy"):
    """Another process searches in this home."""


@contextmanager
def sole_search(home: Home) -> Iterator[None]:
    """Held by the operating system, which drops it with the process. Raises TuningBusy at once."""
    busy = TuningBusy(f"Another churn tune is at work in {home.root}: wait for it or stop it")
    with process_lock(home.locks / "tuning.lock", busy):
        yield
