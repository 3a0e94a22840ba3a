"""Messages as signed webhooks: https://github.com/standard-webhooks/standard-webhooks (spec/standard-webhooks.md)."""

from __future__ import annotations

import random
import time
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus

import requests
import urllib3
from standardwebhooks import Webhook

from churn_assets.delivery.channels import Fate, Message, Outcome
from churn_assets.delivery.reach import OutOfReach, ReachAdapter
from churn_assets.settings.receivers import checked_url, signing_key

# Answers that mean the request was not processed (RFC 9110 15.5.9, 15.6.4; RFC 8470 5.2; RFC 6585 4).
NOT_TAKEN = {408, 425, 429, 503}
# Answers that mean wrong settings, not a wrong message: not accepted, and an immediate retry would not help.
MISSET = {401, 403, 404, 405, 407}
WAIT_CAP = timedelta(seconds=30)  # one receiver must not hold up a whole dispatch
BODY_BYTES = 65_536  # an answer's body is ignored; a short one is read so that the connection can be reused


@dataclass(frozen=True)
class _Answer:
    """`fate`: FAILED and DELIVERED are final, UNKNOWN and DEFERRED hold for this one attempt."""

    fate: Fate
    detail: str
    retry_after: timedelta | None = None


class WebhookAdapter:
    """At least once on the wire, once for a receiver that drops a webhook-id it has seen, as the specification asks.

    Each attempt has webhook-id = message_key, the stored payload byte for byte, and a signature with its own time. The
    receiver knows the user by user_id: the address is neither needed nor sent. Attempts are repeated with exponential
    backoff and jitter after a lost answer, 5xx, 408, 425 and 429. Retry-After is obeyed; one of more than 30 s ends the
    attempts. Redirects are not followed.
    401, 403, 404, 405 and 407 mean wrong settings: deferred, without another attempt.

    Fates: 2xx delivered. 3xx and other 4xx failed. No connection, 408, 425, 429, 503: deferred. A connection or an
    answer lost after the request may have been sent, and other 5xx: unknown, unless a later attempt ends with 2xx.

    A name that leads to a machine inside is deferred too, before anything is sent, unless `private_hosts` has it.

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
        if attempts < 1:
            raise ValueError(f"attempts is {attempts}: a webhook needs at least one")
        self._url = checked_url("webhook_url", url)
        self._signer = Webhook(signing_key(secret))
        self._timeout = timeout_seconds
        self._attempts = attempts
        self._wait = timedelta(seconds=wait_initial_seconds)
        self._session = requests.Session()
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, ReachAdapter(private_hosts))

    def deliver(self, message: Message, address: str | None) -> Outcome:  # noqa: ARG002 - a webhook needs no address
        """Hand one message over in up to `attempts` requests."""
        answer_lost = False
        for attempt in range(1, self._attempts + 1):
            answer = self._post(message)
            if answer.fate is Fate.DELIVERED:
                break
            answer_lost |= answer.fate is Fate.UNKNOWN
            wait = max(self._backoff(attempt), answer.retry_after or timedelta())
            if answer.fate is Fate.FAILED or attempt == self._attempts or wait > WAIT_CAP:
                break
            time.sleep(wait.total_seconds())
        detail = f"{answer.detail}, attempt {attempt}"
        if answer_lost and answer.fate in (Fate.FAILED, Fate.DEFERRED):
            return Outcome(Fate.UNKNOWN, f"{detail}; an earlier answer was lost")
        return Outcome(answer.fate, detail)

    def close(self) -> None:
        self._session.close()

    def _backoff(self, attempt: int) -> timedelta:
        jitter = random.uniform(0.5, 1.5)  # noqa: S311 - spreads load, keeps no secret
        return min(self._wait * (jitter * 2.0 ** (attempt - 1)), WAIT_CAP)

    def _post(self, message: Message) -> _Answer:
        now = datetime.now(UTC)
        headers = {
            "content-type": "application/json",
            "webhook-id": message.message_key,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": self._signer.sign(message.message_key, now, message.payload),
        }
        try:
            with self._session.post(
                self._url,
                data=message.payload.encode(),
                headers=headers,
                timeout=self._timeout,
                allow_redirects=False,
                stream=True,  # only the status counts: a body that breaks off does not change it
            ) as response:
                with suppress(urllib3.exceptions.HTTPError, OSError):
                    response.raw.read(BODY_BYTES, decode_content=False)
                return _read(response)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            return _lost(error)


def _read(response: requests.Response) -> _Answer:
    code = response.status_code
    detail = f"HTTP {code}"
    with suppress(ValueError):  # the server's own phrase is free text; the standard phrase is safe
        detail = f"HTTP {code} {HTTPStatus(code).phrase}"
    if HTTPStatus.OK <= code < HTTPStatus.MULTIPLE_CHOICES:
        return _Answer(Fate.DELIVERED, detail)
    if code < HTTPStatus.BAD_REQUEST:
        return _Answer(Fate.FAILED, f"{detail}: a redirect is not followed")
    wait = _retry_after(response.headers.get("Retry-After", ""))
    if code in MISSET:
        return _Answer(Fate.DEFERRED, f"{detail}: check delivery.webhook_url and webhook_secret", 2 * WAIT_CAP)
    if code in NOT_TAKEN:
        return _Answer(Fate.DEFERRED, detail, wait)
    if code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return _Answer(Fate.UNKNOWN, detail, wait)
    return _Answer(Fate.FAILED, detail)


def _retry_after(text: str) -> timedelta | None:
    """Seconds or a date (RFC 9110 10.2.3); None where it is neither."""
    if text.isdecimal():
        return timedelta(seconds=min(int(text[:9]), 10**8))
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return moment - datetime.now(UTC) if moment.tzinfo else None


def _lost(error: Exception) -> _Answer:
    """Deferred only where no request was sent for sure: before a connection, or at its certificate."""
    reason = getattr(error.args[0], "reason", None) if error.args else None
    inside = _caused_by(error)
    if inside:
        return _Answer(Fate.DEFERRED, str(inside), 2 * WAIT_CAP)
    if isinstance(error, requests.exceptions.ProxyError):
        return _Answer(Fate.DEFERRED, "the proxy made no connection")
    if isinstance(error, requests.exceptions.SSLError) and "CERTIFICATE_VERIFY_FAILED" in str(reason):
        return _Answer(Fate.DEFERRED, "the certificate is not trusted")
    if isinstance(error, requests.ConnectTimeout) or isinstance(reason, urllib3.exceptions.NewConnectionError):
        return _Answer(Fate.DEFERRED, "no connection")
    if isinstance(error, requests.Timeout):
        return _Answer(Fate.UNKNOWN, "no answer in time")
    return _Answer(Fate.UNKNOWN, "connection lost")


def _caused_by(error: BaseException | None) -> OutOfReach | None:
    """What kept the connection from being made, where it led inside."""
    while error is not None and not isinstance(error, OutOfReach):
        error = error.__cause__ or error.__context__
    return error
