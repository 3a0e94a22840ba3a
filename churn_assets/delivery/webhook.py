"""Messages as signed webhooks: https://github.com/standard-webhooks/standard-webhooks (spec/standard-webhooks.md)."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime

from standardwebhooks import Webhook

from churn_assets.delivery.channels import Message, Outcome
from churn_assets.delivery.posts import Posted, Posts
from churn_assets.settings.receivers import checked_url, signing_key


class WebhookAdapter:
    """At least once on the wire, once for a receiver that drops a webhook-id it has seen, as the specification asks.

    Each attempt has webhook-id = message_key, the stored payload byte for byte, and a signature with its own time. The
    receiver knows the user by user_id: the address is neither needed nor sent. Attempts and fates: delivery/posts.py.

    Raises ValueError for an invalid secret, a URL that is not https (http is for the same machine), and a number of
    attempts below 1; neither secret nor URL is in the error.
    """

    name = "webhook"
    is_keyed = True

    def __init__(
        self,
        url: str,
        secret: str,
        timeout_seconds: float = 10,
        attempts: int = 4,
        wait_initial_seconds: float = 0.5,
        private_hosts: Collection[str] = (),
    ) -> None:
        self._url = checked_url("webhook_url", url)
        self._signer = Webhook(signing_key(secret))
        self._posts = Posts(
            timeout_seconds=timeout_seconds,
            attempts=attempts,
            wait_initial_seconds=wait_initial_seconds,
            private_hosts=private_hosts,
            repeats_unknown=True,
            misset="delivery.webhook_url and webhook_secret",
        )

    def deliver(self, message: Message, address: str | None) -> Outcome:  # noqa: ARG002 - a webhook needs no address
        """Hand one message over in up to `attempts` requests."""
        return self._posts.deliver(lambda: self._signed(message))

    def close(self) -> None:
        self._posts.close()

    def _signed(self, message: Message) -> Posted:
        now = datetime.now(UTC)
        headers = {
            "content-type": "application/json",
            "webhook-id": message.message_key,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": self._signer.sign(message.message_key, now, message.payload),
        }
        return Posted(self._url, headers, message.payload.encode())
