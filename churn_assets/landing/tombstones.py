"""Erased users as salted hashes of their ids: an id can be looked up, and none can be read back."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from churn_assets.landing.journal import Journal


@dataclass(frozen=True)
class Tombstone:
    """One erased user. An instance has one salt; more only where rows of two instances were merged."""

    salt: str
    user_sha256: str
    erased_at: str
    erased_by: str


@dataclass(frozen=True)
class Tombstones:
    """The tombstones of the instance at `root`, read once on first use."""

    root: Path

    @cached_property
    def rows(self) -> tuple[Tombstone, ...]:
        return tuple(Tombstone(**row) for row in Journal(self.root).rows())

    @cached_property
    def _hashes(self) -> frozenset[tuple[str, str]]:
        return frozenset((row.salt, row.user_sha256) for row in self.rows)

    @cached_property
    def salts(self) -> list[str]:
        return sorted({row.salt for row in self.rows})

    @property
    def version(self) -> str:
        """Hash of all tombstones; changes with every erased user."""
        return hashlib.sha256(repr(sorted(row.user_sha256 for row in self.rows)).encode()).hexdigest()

    def among(self, users: Iterable[str]) -> set[str]:
        """Those of `users` who have been erased."""
        return {user for user in users if any((salt, hashed(salt, user)) in self._hashes for salt in self.salts)}

    def add(self, users: Iterable[str], by: str) -> int:
        """Add a tombstone for each of `users` who has none; all on disk when this returns. Returns how many are new."""
        wanted = list(dict.fromkeys(users))
        known = self.among(wanted)
        salt = self.rows[0].salt if self.rows else secrets.token_hex(16)
        at = datetime.now(UTC).replace(tzinfo=None, microsecond=0).isoformat()
        rows = [
            {"salt": salt, "user_sha256": hashed(salt, user), "erased_at": at, "erased_by": by}
            for user in wanted if user not in known
        ]  # fmt: skip
        Journal(self.root).append(rows)
        return len(rows)


def hashed(salt: str, user: str) -> str:
    """The same as in SQL: sha256(salt || user_id)."""
    return hashlib.sha256((salt + user).encode()).hexdigest()
