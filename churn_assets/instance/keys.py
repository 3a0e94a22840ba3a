"""Secret keys of an instance: random, made when first asked for, readable by their owner only."""

from __future__ import annotations

import os
import secrets
import tempfile
from contextlib import suppress
from pathlib import Path

from churn_assets.failures import Failure
from churn_assets.instance.durable import fsync

KEY_BYTES = 32


class DamagedKey(Failure, ValueError, code="damaged"):
    """A key has not the length of one: with it anybody could sign."""


def own_key(folder: Path, name: str) -> bytes:
    """The key of that name (folder 0700, file 0600). Raises DamagedKey.

    It is written whole before it has its name: a process killed in between would leave an empty key, which all know.
    """
    file = folder / f"{name}.key"
    if not file.exists():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder, prefix=f".{name}-") as written:  # 0600, gone at the end
            written.write(secrets.token_bytes(KEY_BYTES))
            written.flush()
            os.fsync(written.fileno())
            with suppress(FileExistsError):  # another process was quicker
                os.link(written.name, file)
        fsync(folder)
    key = file.read_bytes()
    if len(key) != KEY_BYTES:
        raise DamagedKey(
            f"{file} has {len(key)} bytes where a key has {KEY_BYTES}: bring it back from a backup (churn restore); "
            "without one delete it, and what it signed has to be signed again"
        )
    return key
