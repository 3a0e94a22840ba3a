"""What waits for the warehouse: a run may hold it for minutes, and nobody is to wait for an answer that long."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from filelock import Timeout

from churn_assets.delivery.cancel import messages_like, publish_cancelled
from churn_assets.failures import Failure
from churn_assets.workplace import Workplace

WAIT_SECONDS = 5.0
BUSY = "A run is at work on this home: nothing was done. Try again when it has ended, in some minutes."


class Busy(Failure, RuntimeError, code="busy"):
    """Another process holds the warehouse."""


@contextmanager
def at_rest(workplace: Workplace) -> Iterator[None]:
    """Hold the warehouse, so that nothing in the block has to wait for it. Raises Busy."""
    try:
        with workplace.warehouse.exclusive(WAIT_SECONDS):
            yield
    except Timeout as error:
        raise Busy(BUSY) from error


class Publishing:
    """Shows cancelled messages in the published tables, one thread at a time. The record, which dispatch reads, knows
    of them already; if this process dies, the next run or dispatch publishes them.
    """

    def __init__(self, workplace: Workplace) -> None:
        self._workplace, self._keys, self._at_work = workplace, list[str](), Lock()

    def publish(self, key: str) -> None:
        """What is like the message `key`; left to the thread that is at work, if there is one."""
        self._keys.append(key)
        while self._keys and self._at_work.acquire(blocking=False):
            try:
                keys, self._keys = self._keys, []
                publish_cancelled(self._workplace, messages_like(self._workplace, keys))
            finally:
                self._at_work.release()
