"""Contact data in the landing: which columns they are, and who can read the files that hold them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from churn_assets.landing.inspect import LandedTable

CONTACT = ("email", "phone")
OTHERS = 0o044  # group and world may read


def open_contacts(landed: Mapping[str, LandedTable], landing: Path) -> list[str]:
    """A line per raw table whose files hold addresses or numbers and can be read by others than their owner."""
    told = []
    for name, table in landed.items():
        held = [column for column in CONTACT if column in table.columns]
        files = [file for file in table.files if file.path.stat().st_mode & OTHERS]
        if held and files:
            told.append(
                f"{landing / name} holds {' and '.join(held)}, and others than its owner can read {len(files)} files "
                "of it: chmod 600 them"
            )
    return told
