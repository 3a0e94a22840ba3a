"""The published tables that the API reads, by their manifests: never a withheld one, and never the DuckDB file, which a
run may hold for minutes.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar

from churn_assets.api.lookup import Lookup
from churn_assets.instance.keys import own_key
from churn_assets.landing.text import literal
from churn_assets.stages import Stage
from churn_assets.workplace import Workplace

T = TypeVar("T")
READABLE = """
select snapshot_date, sha256, rows, published_at from manifest
where stage = ? and table_name = ? and (? is null or snapshot_date = ?)
  and (stage, table_name, snapshot_date) not in (select stage, table_name, snapshot_date from withheld)
order by snapshot_date desc limit ?
"""
# How the rows of one user are ordered, of the tables that are looked up by user.
ORDER: dict[str, tuple[str, ...]] = {"scored_users": (), "user_reasons": ("kind", "reason_rank"), "decision_ledger": ()}
KEY = "positions"  # name of the key in the home: positions are the same after a restart
MOST_KEPT = 12  # tables in memory: the newest snapshot has three


@dataclass(frozen=True)
class Listed:
    """One manifest row that may be read."""

    stage: str
    table: str
    snapshot: date
    sha256: str
    rows: int
    published_at: str


def listed(
    connection: sqlite3.Connection, stage: str, table: str, day: date | None = None, most: int = 1
) -> list[Listed]:
    """The newest partitions of a table that may be read, the newest first; of one day where it is given."""
    iso = day.isoformat() if day else None
    rows = connection.execute(READABLE, (stage, table, iso, iso, most)).fetchall()
    return [Listed(stage, table, date.fromisoformat(row[0]), *row[1:]) for row in rows]


def newest(connection: sqlite3.Connection, stage: str, table: str, day: date | None = None) -> Listed | None:
    """The newest partition that may be read, or that of a day."""
    return next(iter(listed(connection, stage, table, day)), None)


def etag_of(parts: Sequence[Listed | None], content: bytes = b"") -> str:
    """By the hashes of the manifest rows (and of `content`, where an answer depends on more than they do)."""
    words = "\n".join(part.sha256 if part else "-" for part in parts).encode() + b"\n" + content
    return f'"{hashlib.sha256(words).hexdigest()[:32]}"'


class Published:
    """What is looked up by user, or made of whole tables once per hash."""

    def __init__(self, workplace: Workplace) -> None:
        self._workplace = workplace
        self.key = own_key(workplace.home.secrets, KEY).hex()
        self._made: dict[tuple[str, ...], Any] = {}
        self._making: dict[tuple[str, ...], Lock] = {}
        self._guard = Lock()

    @property
    def folder(self) -> Path:
        """For files without a name."""
        return self._workplace.home.locks

    def lookup(self, part: Listed) -> Lookup:
        """Raises PartitionMissing, PartitionWithheld and PartitionDamaged."""
        return self.once((part.table, part.sha256), lambda: self._lookup(part))

    def once(self, name: tuple[str, ...], make: Callable[[], T]) -> T:
        """What `make` gives, made once for a name; who asks meanwhile waits."""
        with self._guard:
            if name in self._made:
                self._made[name] = self._made.pop(name)  # the one used last stays longest
                return self._made[name]  # type: ignore[no-any-return]
            lock = self._making.setdefault(name, Lock())
        with lock:
            with self._guard:
                if name in self._made:
                    return self._made[name]  # type: ignore[no-any-return]
            made = make()
            with self._guard:
                self._made[name] = made
                self._making.pop(name, None)
                while len(self._made) > MOST_KEPT:
                    del self._made[next(iter(self._made))]
            return made

    def keep_only(self, sha256s: Collection[str]) -> None:
        """Let go of what was made of files that are not listed any more, after an erasure or a new run."""
        with self._guard:
            for name in [name for name in self._made if not set(name[1:]) <= set(sha256s)]:
                del self._made[name]

    def _lookup(self, part: Listed) -> Lookup:
        file = self._workplace.tables.file(part.stage, part.table, part.snapshot)
        rows_sql = f"from read_parquet({literal(str(file))}, hive_partitioning = false)"
        return Lookup(rows_sql, self.key, self.folder, ORDER[part.table])


def parts_of_user(
    connection: sqlite3.Connection, day: date | None = None
) -> tuple[Listed | None, Listed | None, Listed | None]:
    """Scores of a snapshot (None: the newest), and reasons and decisions of the same."""
    scores = newest(connection, Stage.SCORING, "scored_users", day)
    if scores is None:
        return None, None, None
    return (
        scores,
        newest(connection, Stage.SCORING, "user_reasons", scores.snapshot),
        newest(connection, Stage.INTERVENTIONS, "decision_ledger", scores.snapshot),
    )
