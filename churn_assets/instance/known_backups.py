"""Where backups of a home were written to, and when the newest was: on record, for the doctor and for erasures."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from churn_assets.instance.record.store import Record

NEWEST, FOLDERS = "backup.newest", "backup.folders"


@dataclass(frozen=True)
class NewestBackup:
    """`at`: naive UTC, when the record was copied."""

    at: datetime
    folder: Path


def add_folder(record: Record, folder: Path) -> None:
    """Remember a folder before a backup is written there."""
    folders = {*known_folders(record), folder}
    record.state_fact(FOLDERS, json.dumps(sorted(str(each) for each in folders)))


def known_folders(record: Record) -> list[Path]:
    """Every folder that a backup was begun in, whether or not it is still there."""
    return [Path(name) for name in json.loads(record.fact(FOLDERS) or "[]")]


def note_newest(record: Record, backup: NewestBackup) -> None:
    record.state_fact(NEWEST, json.dumps({"at": backup.at.isoformat(), "folder": str(backup.folder)}))


def newest_of(text: str | None) -> NewestBackup | None:
    """The newest backup, from the text of the fact NEWEST."""
    if text is None:
        return None
    content = json.loads(text)
    return NewestBackup(datetime.fromisoformat(content["at"]), Path(content["folder"]))
