"""Forcing a file or folder to disk before the next step."""

from __future__ import annotations

import os
from pathlib import Path


def fsync(path: Path) -> None:
    """Return once a file, or a folder with its entries, is on disk; a new name is on disk only after its folder."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
