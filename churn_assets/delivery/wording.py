"""What is filled into a message at the last moment: its coupon code, and the link by which a user unsubscribes."""

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

KEY_PLACE = "{message_key}"  # in delivery.unsubscribe_url


@dataclass(frozen=True)
class Wording:
    """`unsubscribe_url`: with a place for the message's key; None: texts keep their slot for it."""

    codes: CodePool = field(default_factory=CodePool)
    unsubscribe_url: str | None = None

    def completed(self, connection: sqlite3.Connection, message: Message, now: datetime) -> Message:
        """The message as it is handed over, the same at every try. Raises Refused where no code is left for it."""
        words = json.loads(message.payload)
        code = None
        if words.get("code_from") == "pool":
            code = self.codes.take(connection, message.message_key, (words["arm"], words["level"]), now)
            if code is None:
                raise Refused("no_code")
        link = unsubscribe_link(self.unsubscribe_url, message.message_key) if self.unsubscribe_url else None
        payload = filled(message.payload, code, link)
        told = json.loads(payload)
        return replace(message, subject=told["subject"], body=told["body"], payload=payload)


def unsubscribe_link(url: str, message_key: str) -> str:
    """Where one click ends the channel for whoever got the message."""
    return url.replace(KEY_PLACE, quote(message_key, safe=""))
