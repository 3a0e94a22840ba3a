"""What has to be on the disk before anything else is done."""

from __future__ import annotations

import os
from pathlib import Path


def force(path: Path) -> None:
    """Return once a file, or a folder with the names in it, is on the disk: a new name is not until its folder is."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
