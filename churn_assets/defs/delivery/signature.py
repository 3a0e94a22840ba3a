"""Signatures of approvals: HMAC-SHA256 under a key that lies in the home and is readable by its owner only.

It says that an approval was written by somebody with access to this instance's key, and not into its database alone.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import replace
from pathlib import Path

from churn_assets.defs.storage.keys import own_key
from churn_assets.defs.storage.outbox import Approval


def signing_key(folder: Path) -> bytes:
    """The key of this instance, in its folder of secrets."""
    return own_key(folder, "approval")


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
