"""Contact data in the landing: its columns, and files with contact data that other users can read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from churn_assets.landing.contents import LandedTable

CONTACT = ("email", "phone")
OTHERS = 0o044  # group and world may read


def open_contacts(tables: Mapping[str, LandedTable], landing: Path) -> list[str]:
    """A warning per raw table with contact data in files that others than their owner can read."""
    warnings = []
    for name, table in tables.items():
        contacts = [column for column in CONTACT if column in table.columns]
        files = [file for file in table.files if file.path.stat().st_mode & OTHERS]
        if contacts and files:
            warnings.append(
                f"{landing / name} holds {' and '.join(contacts)}, and others than its owner can read {len(files)} "
                "files of it: chmod 600 them"
            )
    return warnings
