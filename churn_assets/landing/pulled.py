"""What was read of databases and addresses: <home>/pulled/<raw table>/<source>/<number>.parquet, one file per reading
that found something, each with the columns of the raw contract, `ingested_at`, and `__deleted` for a row that is gone.

Files are only ever added. Beside them lies `.reading`, which says when was read last and how far. It is written after
the file: after a kill between the two the same rows are read once more, and equal those that are there already.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from churn_assets.instance.files import write_whole
from churn_assets.instance.home import PULLED
from churn_assets.landing.errors import LandingError
from churn_assets.landing.files import DataFile, files_of_table

STATE, NUMBER_DIGITS, DELETED = ".reading", 8, "__deleted"


@dataclass(frozen=True)
class LastReading:
    """`read_at`: naive UTC, just before it began. `cursor`: the greatest value read, a number or a time in ISO 8601.
    `made_of`: hash of the part of mapping.yaml by which it was read. `searched_at`: when deleted rows were looked for.
    `tag`: what a server says of the version of a file.
    """

    read_at: datetime
    made_of: str
    cursor: int | str | None = None
    searched_at: datetime | None = None
    tag: str | None = None


def folder_of(root: Path, table: str, source: str) -> Path:
    """Where rows of a raw table from one source lie, in the home at `root`."""
    return root / PULLED / table / source


def pulled_files(root: Path, table: str, source: str) -> list[DataFile]:
    """In the order in which they were read; none before the first reading."""
    return files_of_table(folder_of(root, table, source)).files


def next_file(folder: Path) -> Path:
    """The name of the next file."""
    newest = max((int(file.stem) for file in folder.glob("*.parquet") if file.stem.isdecimal()), default=0)
    return folder / f"{newest + 1:0{NUMBER_DIGITS}d}.parquet"


def last_reading(folder: Path) -> LastReading | None:
    """None before the first. Raises LandingError."""
    file = folder / STATE
    if not file.exists():
        return None
    try:
        content = json.loads(file.read_text())
        for name in ("read_at", "searched_at"):
            content[name] = content[name] and datetime.fromisoformat(content[name])
        return LastReading(**content)
    except (ValueError, TypeError, KeyError) as error:
        raise LandingError(
            f"{file} cannot be read ({error}): remove it, and churn pull compares everything with what it has"
        ) from error


def note_reading(folder: Path, reading: LastReading) -> None:
    """On disk when this returns."""
    text = json.dumps(asdict(reading), default=datetime.isoformat)
    write_whole(folder / STATE, lambda file: file.write_text(text))
