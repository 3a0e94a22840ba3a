"""Completing a message when it is sent: with its coupon code and its unsubscribe link."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass, field, replace
from datetime import datetime
from urllib.parse import quote

from churn_assets.decisions.messages import filled
from churn_assets.delivery.channels import Message
from churn_assets.delivery.code_pool import CodePool
from churn_assets.delivery.rules import Refused
from churn_assets.settings.receivers import KEY_PLACE


@dataclass(frozen=True)
class Wording:
    """`unsubscribe_url`: a template with KEY_PLACE; None: texts keep their slot for the link."""

    codes: CodePool = field(default_factory=CodePool)
    unsubscribe_url: str | None = None

    def completed(self, connection: sqlite3.Connection, message: Message, now: datetime) -> Message:
        """The completed message, the same at every attempt. Raises Refused where no code is left."""
        content = json.loads(message.payload)
        code = None
        if content.get("code_from") == "pool":
            code = self.codes.take(connection, message.message_key, (content["arm"], content["level"]), now)
            if code is None:
                raise Refused("no_code")
        link = unsubscribe_link(self.unsubscribe_url, message.message_key) if self.unsubscribe_url else None
        payload = filled(message.payload, code, link)
        completed = json.loads(payload)
        return replace(message, subject=completed["subject"], body=completed["body"], payload=payload)


def unsubscribe_link(url: str, message_key: str) -> str:
    """The link by which the receiver of a message unsubscribes from its channel."""
    return url.replace(KEY_PLACE, quote(message_key, safe=""))
