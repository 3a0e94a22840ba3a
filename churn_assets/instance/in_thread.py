"""Work beside a server, for as long as it serves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread


@contextmanager
def in_thread(name: str, work: Callable[[Event], None]) -> Iterator[None]:
    """Run `work` in a thread until the block ends; it is given the event that says so, and is waited for."""
    ended = Event()
    thread = Thread(target=work, args=(ended,), name=name, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
