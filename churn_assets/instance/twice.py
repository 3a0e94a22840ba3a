"""What can be rebuilt from nothing else exists twice in a home: each act that adds to it renews the copies."""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from threading import Event

from churn_assets.failures import Failure
from churn_assets.instance.condition import complete_copies
from churn_assets.instance.home import Home
from churn_assets.instance.in_thread import in_thread
from churn_assets.instance.record.kept import KeptRecord
from churn_assets.instance.record.second import renew_copy
from churn_assets.instance.record.store import Record
from churn_assets.instance.tables import Tables

LOOK_SECONDS = 1.0
PAUSE_SECONDS = 30.0  # a copy of a record of 100,000 messages takes 2 s: it is read whole, and its chain too
PAUSE_TIMES = 20  # as long as the copy before took: at most a twentieth of a core
log = logging.getLogger(__name__)


def keep_twice(home: Home) -> None:
    """Make the second copies that are missing, and that of the record as it is now. Raises OSError, RecordError."""
    complete_copies(Tables(home.tables, Record(home.record)))
    renew_copy(home.record, home.record_copy)


@contextmanager
def kept_twice(home: Home, pause_seconds: float = PAUSE_SECONDS) -> Iterator[None]:
    """For a server: in a thread, renew the second copy of the record once it has changed, a first change within a
    second, others after a pause; and at the end. What cannot be copied is logged, and the server goes on.
    """
    with in_thread("second copy", partial(_keep, home, pause_seconds)):
        yield


def _keep(home: Home, pause_seconds: float, ended: Event) -> None:
    record, copied, not_before = KeptRecord(home.record), -1, 0.0
    while True:
        is_last = ended.wait(LOOK_SECONDS)
        try:
            version = record.version()
            began = time.monotonic()
            if version != copied and (is_last or began >= not_before):
                renew_copy(home.record, home.record_copy)
                copied = version
                not_before = time.monotonic() + max(pause_seconds, PAUSE_TIMES * (time.monotonic() - began))
        except (Failure, OSError, sqlite3.Error) as error:
            log.warning("%s has no second copy of its newest rows: %s", home.record, error)
            not_before = time.monotonic() + pause_seconds
        if is_last:
            return
