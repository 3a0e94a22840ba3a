"""Secret keys of an instance: random, made when first asked for, readable by their owner only."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

KEY_BYTES = 32


def own_key(folder: Path, name: str) -> bytes:
    """The key of that name (folder 0700, file 0600)."""
    file = folder / f"{name}.key"
    if not file.exists():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:  # another process was quicker
            return file.read_bytes()
        with os.fdopen(descriptor, "wb") as handle:
            handle.write(secrets.token_bytes(KEY_BYTES))
            handle.flush()
            os.fsync(handle.fileno())
    return file.read_bytes()
