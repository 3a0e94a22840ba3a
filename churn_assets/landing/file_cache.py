"""What is known of text files already, so that they are not parsed again to be judged; and copies of them in UTF-8.

A file is the same as long as path, size and times are. Everything here can be deleted and is made again.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from churn_assets import landing
from churn_assets.contracts import raw
from churn_assets.landing.conflicts import Conflicts

NAME, COPIES, CONFLICTS = "files.json", "utf8", "conflicts"


@dataclass
class FileCache:
    """`_known`: what was found out before; `_used`: what of it, and of what was found out now, is still of use."""

    folder: Path | None
    _known: dict[str, Any] = field(default_factory=dict)
    _used: dict[str, Any] = field(default_factory=dict)

    @classmethod
    @contextmanager
    def at(cls, folder: Path | None) -> Iterator[FileCache]:
        """None: nothing is remembered. What was used is kept when the block ends well."""
        cache = cls(folder, _load(folder))
        yield cache
        if folder and cache._used != cache._known:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            half = folder / f"{NAME}.{os.getpid()}.tmp"
            half.write_text(json.dumps({"reader": reader_version(), "known": cache._used}))
            half.rename(folder / NAME)
            cache._sweep()

    def rows(self, path: Path, encoding: str, judge: Callable[[], int]) -> int:
        """Rows of a file that has been judged; `judge` parses it where that has not been done."""
        key = _key(path, encoding)
        self._used[key] = self._known[key] if key in self._known else judge()
        return int(self._used[key])

    def conflicts(self, name: str, look: Callable[[Path | None], Conflicts]) -> Conflicts:
        """Conflicts of a table whose files and settings are in `name`; `look` finds them, given a file for losers."""
        known = self._known.get(name)
        store = self.folder / CONFLICTS / f"{name.replace(' ', '-')}.parquet" if self.folder else None
        if known is None or (known["losers"] and store and not store.exists()):
            known = asdict(look(store))
        self._used[name] = known
        return Conflicts(**{**known, "examples": tuple(known["examples"])})

    def digest(self, paths: Sequence[Path], told: str) -> str:
        """Of files as they are now, and of how they are read."""
        parts = [_key(path, "") for path in paths]
        return hashlib.sha256("\0".join([*parts, told]).encode()).hexdigest()[:24]

    def copy_of(self, path: Path, encoding: str) -> Path | None:
        """Where a copy of the file in UTF-8 belongs."""
        return self.folder / COPIES / f"{_key(path, encoding)}.csv" if self.folder else None

    def _sweep(self) -> None:
        """Files of what is of no use any more."""
        if self.folder is None:
            return
        for folder in (COPIES, CONFLICTS):
            for file in (self.folder / folder).glob("*"):
                if file.stem not in self._used and file.stem.replace("-", " ", 1) not in self._used:
                    file.unlink(missing_ok=True)


def _key(path: Path, encoding: str) -> str:
    stat = path.stat()
    told = f"{path}\0{stat.st_size}\0{stat.st_mtime_ns}\0{stat.st_ctime_ns}\0{stat.st_ino}\0{encoding}"
    return hashlib.sha256(told.encode()).hexdigest()[:32]


def _load(folder: Path | None) -> dict[str, Any]:
    file = folder / NAME if folder else None
    if file is None or not file.exists():
        return {}
    try:
        content = json.loads(file.read_text())
    except ValueError:  # cut off: everything is judged again
        return {}
    return dict(content["known"]) if content.get("reader") == reader_version() else {}


def reader_version() -> str:
    """16 hex digits of a hash over the code that reads the landing and the contract it reads by."""
    code = [file.read_bytes() for file in sorted(Path(landing.__file__).parent.glob("*.py"))]
    return hashlib.sha256(b"".join([*code, raw.FILE.read_bytes()])).hexdigest()[:16]
