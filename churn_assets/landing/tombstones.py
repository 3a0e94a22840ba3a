"""Who has been erased, without saying who: salted hashes of ids. They can be asked about an id and not read for one."""

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
    """One erased user. An instance has one salt; more only where rows of two instances came together."""

    salt: str
    user_sha256: str
    erased_at: str
    erased_by: str


@dataclass(frozen=True)
class Tombstones:
    """Of the instance at `root`, as they were when first asked for."""

    root: Path

    @cached_property
    def rows(self) -> tuple[Tombstone, ...]:
        return tuple(Tombstone(**row) for row in Journal(self.root).rows())

    @property
    def salts(self) -> list[str]:
        return sorted({row.salt for row in self.rows})

    @property
    def version(self) -> str:
        """Differs once another user has been erased."""
        return hashlib.sha256(repr(sorted(row.user_sha256 for row in self.rows)).encode()).hexdigest()

    def among(self, users: Iterable[str]) -> set[str]:
        """Those of `users` who have been erased."""
        held = {(row.salt, row.user_sha256) for row in self.rows}
        return {user for user in users if any((salt, hashed(salt, user)) in held for salt in self.salts)}

    def add(self, user: str, by: str) -> bool:
        """Keep `user` away for ever; False where that was done before."""
        if self.among([user]):
            return False
        salt = self.rows[0].salt if self.rows else secrets.token_hex(16)
        at = datetime.now(UTC).replace(tzinfo=None, microsecond=0).isoformat()
        Journal(self.root).append({"salt": salt, "user_sha256": hashed(salt, user), "erased_at": at, "erased_by": by})
        return True


def hashed(salt: str, user: str) -> str:
    """As SQL has it: sha256(salt || user_id)."""
    return hashlib.sha256((salt + user).encode()).hexdigest()
