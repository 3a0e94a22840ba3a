"""One search at a time in a home: two would take each other's trials for those of a killed run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from churn_assets.failures import Failure
from churn_assets.instance.alone import alone
from churn_assets.instance.home import Home


class TuningBusy(Failure, RuntimeError):
    """Another process searches in this home."""


@contextmanager
def sole_search(home: Home) -> Iterator[None]:
    """Held by the operating system, which drops it with the process. Raises TuningBusy at once."""
    busy = TuningBusy(f"Another churn tune is at work in {home.root}: wait for it or stop it")
    with alone(home.locks / "tuning.lock", busy):
        yield
