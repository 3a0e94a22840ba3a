"""Signatures of approvals: HMAC-SHA256 under a key that lies in the home and is readable by its owner only.

A signature proves that an approval was written with access to the key of this instance, not only to its database, and
that it was written in this home: not in a copy of it, nor in the home that this one is a copy of.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, replace
from typing import Self

from churn_assets.instance.home import Home
from churn_assets.instance.identity import APPROVAL_KEY, place
from churn_assets.instance.keys import own_key
from churn_assets.instance.outbox import Approval
from churn_assets.instance.record.store import Record

SEPARATOR = "."  # place and HMAC, both in hex digits; the HMAC alone in approvals of before 2026-11-28


@dataclass(frozen=True)
class Signer:
    """The key of an instance, and the place of its home (instance/identity.py)."""

    key: bytes
    place: str

    @classmethod
    def of(cls, home: Home, record: Record) -> Self:
        return cls(own_key(home.secrets, APPROVAL_KEY), place(home, record))

    def signed(self, approval: Approval) -> Approval:
        """The approval with its signature."""
        return replace(approval, signature=f"{self.place}{SEPARATOR}{self._hmac(approval)}")

    def why_not(self, approval: Approval) -> str | None:
        """Why the signature is not valid for this home and approval; None where it is valid."""
        signed_place, separator, code = approval.signature.rpartition(SEPARATOR)
        if not separator:
            return "was given before approvals were bound to their home"
        if signed_place != self.place:
            return "was given in another home, or in this one before it was copied, moved or brought back from a backup"
        if not hmac.compare_digest(code.encode(), self._hmac(approval).encode()):
            return "was not signed on this instance"
        return None

    def _hmac(self, approval: Approval) -> str:
        words = (
            self.place, approval.snapshot.isoformat(), approval.plan_sha256, str(approval.messages),
            repr(approval.cost_amount), approval.approved_by, approval.approved_at.isoformat(),
        )  # fmt: skip
        return hmac.new(self.key, "\x1f".join(words).encode(), hashlib.sha256).hexdigest()
