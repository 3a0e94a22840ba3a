"""Signatures of approvals: HMAC-SHA256 under a key that lies in the home and is readable by its owner only.

It says that an approval was written by somebody with access to this instance's key, and not into its database alone.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from dataclasses import replace
from pathlib import Path

from churn_assets.defs.storage.outbox import Approval

KEY_BYTES = 32


def signing_key(folder: Path) -> bytes:
    """The key of this instance, made when first asked for (folder 0700, file 0600)."""
    file = folder / "approval.key"
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


def signed(approval: Approval, key: bytes) -> Approval:
    """The same with its signature."""
    return replace(approval, signature=_signature(approval, key))


def is_signed(approval: Approval, key: bytes) -> bool:
    """Whether nothing of it has changed since it was signed with `key`."""
    return hmac.compare_digest(approval.signature, _signature(approval, key))


def _signature(approval: Approval, key: bytes) -> str:
    words = (
        approval.snapshot.isoformat(), approval.plan_sha256, str(approval.messages), repr(approval.cost_amount),
        approval.approved_by, approval.approved_at.isoformat(),
    )  # fmt: skip
    return hmac.new(key, "\x1f".join(words).encode(), hashlib.sha256).hexdigest()
