"""A cache of columns, row counts and conflicts of raw files, so that unchanged files are read once; and UTF-8 copies.

A file is unchanged as long as path, size and times are. The cache can be deleted and is rebuilt.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from churn_assets import landing
from churn_assets.contracts import raw
from churn_assets.landing.conflicts import Conflicts

NAME, COPIES, CONFLICTS = "files.json", "utf8", "conflicts"


@dataclass
class FileCache:
    """`_stored`: entries read from disk; `_used`: entries, old and new, that this run has used."""

    folder: Path | None
    _stored: dict[str, Any] = field(default_factory=dict)
    _used: dict[str, Any] = field(default_factory=dict)

    @classmethod
    @contextmanager
    def at(cls, folder: Path | None) -> Iterator[FileCache]:
        """The cache in `folder`; None: no cache. Used entries are written when the block ends without an exception."""
        cache = cls(folder, _load(folder))
        yield cache
        if folder and cache._used != cache._stored:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            temporary = folder / f"{NAME}.{os.getpid()}.tmp"
            temporary.write_text(json.dumps({"reader": reader_version(), "known": cache._used}))
            temporary.rename(folder / NAME)
            cache._sweep()

    def rows(self, path: Path, encoding: str, count: Callable[[], int]) -> int:
        """Number of rows of a file; `count` parses the file where the cache has no entry."""
        key = _key(path, encoding)
        self._used[key] = self._stored[key] if key in self._stored else count()
        return int(self._used[key])

    def footers(self, paths: Sequence[Path], read: Callable[[Sequence[Path]], Mapping[Path, Any]]) -> dict[Path, Any]:
        """What `read` returns for the files of which the cache has no entry, and the entries of the others.

        A run looks at the landing about 14 times, and a landing has a file per table and week: its footers took 0.3 s
        each time (20,000 users, 78 weeks, 2026-11).
        """
        keys = {path: _key(path, "footer") for path in paths}
        unread = [path for path, key in keys.items() if key not in self._stored and key not in self._used]
        footers = read(unread) if unread else {}
        for path, key in keys.items():
            self._used[key] = footers[path] if path in footers else self._used.get(key, self._stored.get(key))
        return {path: self._used[key] for path, key in keys.items()}

    def conflicts(self, name: str, find: Callable[[Path | None], Conflicts]) -> Conflicts:
        """Conflicts of the table, files and settings in `name`; `find` computes them, given a file for losers."""
        stored = self._stored.get(name)
        store = self.folder / CONFLICTS / f"{name.replace(' ', '-')}.parquet" if self.folder else None
        if stored is None or (stored["losers"] and store and not store.exists()):
            stored = asdict(find(store))
        self._used[name] = stored
        return Conflicts(**{**stored, "examples": tuple(stored["examples"])})

    def digest(self, paths: Sequence[Path], settings_json: str) -> str:
        """Hash of the present state of files and of the settings they are read with."""
        parts = [_key(path, "") for path in paths]
        return hashlib.sha256("\0".join([*parts, settings_json]).encode()).hexdigest()[:24]

    def copy_of(self, path: Path, encoding: str) -> Path | None:
        """Where a copy of the file in UTF-8 belongs."""
        return self.folder / COPIES / f"{_key(path, encoding)}.csv" if self.folder else None

    def _sweep(self) -> None:
        """Delete files of entries that were not used."""
        if self.folder is None:
            return
        for folder in (COPIES, CONFLICTS):
            for file in (self.folder / folder).glob("*"):
                if file.stem not in self._used and file.stem.replace("-", " ", 1) not in self._used:
                    file.unlink(missing_ok=True)


def _key(path: Path, encoding: str) -> str:
    stat = path.stat()
    identity = f"{path}\0{stat.st_size}\0{stat.st_mtime_ns}\0{stat.st_ctime_ns}\0{stat.st_ino}\0{encoding}"
    return hashlib.sha256(identity.encode()).hexdigest()[:32]


def _load(folder: Path | None) -> dict[str, Any]:
    file = folder / NAME if folder else None
    if file is None or not file.exists():
        return {}
    try:
        content = json.loads(file.read_text())
    except ValueError:  # truncated: every file is parsed again
        return {}
    return dict(content["known"]) if content.get("reader") == reader_version() else {}


@cache
def reader_version() -> str:
    """16 hex digits of a hash over the code that reads the landing and the contract it reads by."""
    code = [file.read_bytes() for file in sorted(Path(landing.__file__).parent.glob("*.py"))]
    return hashlib.sha256(b"".join([*code, raw.FILE.read_bytes()])).hexdigest()[:16]
