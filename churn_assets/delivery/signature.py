"""Signatures of approvals: HMAC-SHA256 under a key that lies in the home and is readable by its owner only.

A signature proves that an approval was written with access to the key of this instance, not only to its database, and
that it was written in this home: not in a copy of it, nor in the home that this one is a copy of. It holds as long as
messages go where they would have gone then.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass, replace
from typing import Self

from churn_assets.contracts.channels import SENDING_CHANNELS
from churn_assets.instance.home import Home
from churn_assets.instance.identity import APPROVAL_KEY, place
from churn_assets.instance.keys import own_key
from churn_assets.instance.outbox import Approval
from churn_assets.instance.record.store import Record
from churn_assets.settings.load import Settings

# Place, settings and HMAC, all in hex digits; without settings in approvals of before 2026-11-29, and the HMAC alone in
# those of before 2026-11-28.
SEPARATOR, PARTS, PARTS_BEFORE = ".", 3, 2


WHERE_TO = (
    *SENDING_CHANNELS, "webhook_url", "smtp_host", "smtp_port", "smtp_security", "sender", "unsubscribe_url",
    "private_hosts", "services",
)  # fmt: skip


@dataclass(frozen=True)
class Signer:
    """The key of an instance, the place of its home (instance/identity.py), and a hash of its settings that spend."""

    key: bytes
    place: str
    spending: str

    @classmethod
    def of(cls, home: Home, record: Record, settings: Settings) -> Self:
        return cls(own_key(home.secrets, APPROVAL_KEY), place(home, record), spending_sha256(settings))

    def signed(self, approval: Approval) -> Approval:
        """The approval with its signature."""
        return replace(
            approval, signature=SEPARATOR.join((self.place, self.spending, self._hmac(approval, self.spending)))
        )

    def why_not(self, approval: Approval) -> str | None:
        """Why the signature is not valid for this home and approval; None where it is valid."""
        parts = approval.signature.split(SEPARATOR)
        if len(parts) < PARTS_BEFORE:
            return "was given before approvals were bound to their home"
        if parts[0] != self.place:
            return "was given in another home, or in this one before it was copied, moved or brought back from a backup"
        if len(parts) != PARTS:
            return "was given before approvals were bound to where messages go"
        _, signed_spending, code = parts
        if not hmac.compare_digest(code.encode(), self._hmac(approval, signed_spending).encode()):
            return "was not signed on this instance"
        if signed_spending != self.spending:
            return (
                "was given before the settings of where messages go were changed (delivery, automatic_approval_amount)"
            )
        return None

    def _hmac(self, approval: Approval, spending: str) -> str:
        words = (
            self.place, spending, approval.snapshot.isoformat(), approval.plan_sha256, str(approval.messages),
            repr(approval.cost_amount), approval.approved_by, approval.approved_at.isoformat(),
        )  # fmt: skip
        return hmac.new(self.key, "\x1f".join(words).encode(), hashlib.sha256).hexdigest()


def spending_sha256(settings: Settings) -> str:
    """A hash of what says where messages go, from whom, and what may go without a person. Secrets are not in it."""
    delivery = settings.delivery.model_dump(mode="json", include=set(WHERE_TO))
    if not delivery["services"]:
        del delivery["services"]  # or approvals of before 2026-11-30, which had none, would have to be given again
    words = [delivery, settings.decisions.automatic_approval_amount]
    return hashlib.sha256(json.dumps(words, sort_keys=True).encode()).hexdigest()
