"""Files packed as their names say."""

from __future__ import annotations

import gzip

import zstandard


def packed(content: bytes, name: str) -> bytes:
    """As the ending of the name says."""
    if name.lower().endswith(".gz"):
        return gzip.compress(content, mtime=0)
    return bytes(zstandard.ZstdCompressor().compress(content)) if name.lower().endswith(".zst") else content
