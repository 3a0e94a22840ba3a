"""`POST /receipts`: what became of messages, signed as our own webhooks are (Standard Webhooks), taken once.

All of a request is on record, in one transaction, before it is answered. The raw files and published tables, which a
run may hold for minutes, follow in the background; a run that begins writes the files first (delivery/receipts.py).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, field_validator
from standardwebhooks import Webhook, WebhookVerificationError

from churn_assets.api.problems import Refused, places_of
from churn_assets.api.tokens import Holder
from churn_assets.console.audit import note_all
from churn_assets.delivery.receipts import ReceivedFiles
from churn_assets.delivery.reported import Event, OtherRequest, Reported, Taken, note_request, take
from churn_assets.instance.record.kept import KeptRecord
from churn_assets.settings.receivers import signing_key

MOST_EVENTS = 1_000
SIGNATURE = ("webhook-id", "webhook-timestamp", "webhook-signature")
LONGEST_ID = 200
NO_SECRET = "No receipts are taken here: console.receipts_secret is not set."  # noqa: S105 - none
UNSIGNED = "webhook-id, webhook-timestamp and webhook-signature must be there once and fit this body and this minute."
# A day within what a datetime can hold, so that an offset leads nowhere beyond it.
EARLIEST, LATEST = datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)


class ReceiptEvent(BaseModel):
    """One event of one message."""

    model_config = ConfigDict(extra="forbid", strict=True)

    message_key: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$", description="webhook-id that the message came with.")]
    event: Annotated[Event, Field(description="complained and unsubscribed withdraw consent for the channel.")]
    occurred_at: Annotated[AwareDatetime, Field(strict=False, description="When, with its offset from UTC.")]
    is_hard: Annotated[
        bool, Field(description="Of bounced: the address does not exist, so its channel is suppressed.")
    ] = True

    @field_validator("occurred_at", mode="before")
    @classmethod
    def _is_text(cls, value: Any) -> Any:
        if not isinstance(value, str) or "T" not in value.upper():
            raise ValueError("give a time as text: 2026-11-17T09:00:00Z")
        return value

    def reported(self) -> Reported:
        moment = min(max(self.occurred_at, EARLIEST), LATEST).astimezone(UTC).replace(tzinfo=None)
        return Reported(self.message_key, self.event, moment, self.is_hard)


class Receipts(BaseModel):
    """Events, in any order."""

    model_config = ConfigDict(extra="forbid", strict=True)

    events: Annotated[list[ReceiptEvent], Field(min_length=1, max_length=MOST_EVENTS)]


class Refusal(BaseModel):
    """An event that was not recorded."""

    place: int = Field(description="Of the event in the request, from 0.")
    why: str


class ReceiptsTaken(BaseModel):
    """Events by what became of them; they add up to those of the request."""

    taken: int = Field(description="Recorded now.")
    repeated: int = Field(description="On record already.")
    refused: int
    refusals: list[Refusal]


class Taking:
    """Checks a request, records it, and says which messages have to be published anew."""

    def __init__(self, record: KeptRecord, secret: str | None, files: ReceivedFiles) -> None:
        self._record, self.files = record, files
        self._signer: Webhook | None = Webhook(signing_key(secret)) if secret else None

    def taken(
        self, body: bytes, headers: Mapping[str, list[str]], holder: Holder, now: datetime, address: str
    ) -> Taken:
        """Raises Refused and changes nothing."""
        request_id = self._verified(body, headers)
        events = [each.reported() for each in _events(body)]
        try:
            with self._record.writing() as connection:
                note_request(connection, request_id, hashlib.sha256(body).hexdigest(), now)
                taken = take(connection, events, now)
                detail = f"{taken.taken} taken, {taken.repeated} repeated, {len(taken.refused)} refused"
                note_all(connection, [(now.isoformat(), holder.account, "receipts", "", detail, address)])
        except OtherRequest as error:
            raise Refused(HTTPStatus.CONFLICT, str(error)) from error
        return taken

    def _verified(self, body: bytes, headers: Mapping[str, list[str]]) -> str:
        """The id of the request. The library compares in constant time, and refuses times beyond five minutes."""
        if self._signer is None:
            raise Refused(HTTPStatus.SERVICE_UNAVAILABLE, NO_SECRET)
        values = [headers.get(name, []) for name in SIGNATURE]
        if any(len(value) != 1 for value in values) or not 1 <= len(values[0][0]) <= LONGEST_ID:
            raise Refused(HTTPStatus.UNAUTHORIZED, UNSIGNED)
        try:
            self._signer.verify(
                body, dict(zip(SIGNATURE, (value[0] for value in values), strict=True)), json_parse=False
            )
        except (WebhookVerificationError, ValueError, OverflowError):  # a timestamp that is no number is among them
            raise Refused(HTTPStatus.UNAUTHORIZED, UNSIGNED) from None
        return values[0][0]


def answer_of(taken: Taken) -> dict[str, Any]:
    """As ReceiptsTaken."""
    return {
        "taken": taken.taken, "repeated": taken.repeated, "refused": len(taken.refused),
        "refusals": [{"place": place, "why": why} for place, why in taken.refused],
    }  # fmt: skip


def _events(body: bytes) -> list[ReceiptEvent]:
    try:
        return Receipts.model_validate_json(body).events
    except ValidationError as error:
        raise Refused(
            HTTPStatus.UNPROCESSABLE_ENTITY, "; ".join(places_of(error.errors(include_input=False)))
        ) from None
