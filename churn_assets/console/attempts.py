"""How often a password may be guessed: by name and by address, within this process."""

from __future__ import annotations

from collections import defaultdict, deque
from datetime import datetime, timedelta

WINDOW = timedelta(minutes=15)
MOST_OF_NAME, MOST_OF_ADDRESS = 5, 30
MOST_KEPT = 10_000  # names and addresses, before those of earlier are forgotten


class Attempts:
    """Failures of late. A name that is guessed at is closed to everybody for a while: five guesses, then a pause."""

    def __init__(self) -> None:
        self._failures: dict[str, deque[datetime]] = defaultdict(deque)

    def is_closed(self, name: str, address: str, now: datetime) -> bool:
        return (
            self._count(f"name {name}", now) >= MOST_OF_NAME or self._count(f"from {address}", now) >= MOST_OF_ADDRESS
        )

    def failed(self, name: str, address: str, now: datetime) -> None:
        if len(self._failures) > MOST_KEPT:
            for key in list(self._failures):
                self._count(key, now)
        for key in (f"name {name}", f"from {address}"):
            self._failures[key].append(now)

    def succeeded(self, name: str) -> None:
        self._failures.pop(f"name {name}", None)

    def _count(self, key: str, now: datetime) -> int:
        failures = self._failures[key]
        while failures and failures[0] <= now - WINDOW:
            failures.popleft()
        if not failures:
            del self._failures[key]
            return 0
        return len(failures)
