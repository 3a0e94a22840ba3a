"""The list of a backup: which files it has, with size and checksum. It is written last: without it, it is no backup."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from churn_assets.failures import Failure
from churn_assets.instance.files import sha256_of, write_whole

NAME = "churn-backup.json"
FORMAT = 1


class NoBackup(Failure, code="backup"):
    """A folder is no complete backup, or not what was written."""


@dataclass(frozen=True)
class Copied:
    """One file of a backup, by its path in the home."""

    path: str
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Listing:
    """`home`: where it was made; `program`: by what; `made_at`: naive UTC, when the record was copied."""

    home: str
    program: str
    made_at: datetime
    files: Sequence[Copied]

    @property
    def bytes(self) -> int:
        return sum(each.bytes for each in self.files)


def write_listing(folder: Path, listing: Listing) -> None:
    content = {"format": FORMAT, **asdict(listing), "made_at": listing.made_at.isoformat()}
    write_whole(folder / NAME, lambda file: file.write_text(json.dumps(content, ensure_ascii=False, indent=1)))


def read_listing(folder: Path) -> Listing:
    """The list of a backup. Raises NoBackup where there is none: the backup was interrupted, or the path is wrong."""
    file = folder / NAME
    if not file.is_file():
        raise NoBackup(f"{folder} is no backup, or one that was interrupted: it has no {NAME}. Name another folder.")
    try:
        content = json.loads(file.read_text())
        if content.pop("format") != FORMAT:
            raise NoBackup(f"{file} is of a newer release: upgrade where churn-assets is installed, then restore.")
        files = [Copied(**each) for each in content.pop("files")]
        listing = Listing(files=files, **{**content, "made_at": datetime.fromisoformat(content["made_at"])})
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise NoBackup(f"{file} cannot be read ({error}): the backup is damaged; restore an earlier one.") from error
    if any(Path(each.path).is_absolute() or ".." in Path(each.path).parts for each in files):
        raise NoBackup(f"{file} names files outside the backup: it is not what churn backup wrote.")
    return listing


def wrong_file(folder: Path, each: Copied) -> str | None:
    """Why a file is not what was copied; None where it is."""
    file = folder / each.path
    if not file.is_file():
        return "is missing"
    if file.stat().st_size != each.bytes or sha256_of(file) != each.sha256:
        return "has changed"
    return None
