"""One message by HTTP: requests that are repeated where that is safe, and the fate that is certain in the end."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus

import requests
import urllib3

from churn_assets.delivery.channels import Fate, Outcome
from churn_assets.delivery.reach import OutOfReach, ReachAdapter

# Answers that mean the request was not processed (RFC 9110 15.5.9, 15.6.4; RFC 8470 5.2; RFC 6585 4).
NOT_TAKEN = {408, 425, 429, 503}
# Answers that mean wrong settings, not a wrong message: not accepted, and an immediate retry would not help.
MISSET = {401, 403, 404, 405, 407}
WAIT_CAP = timedelta(seconds=30)  # one receiver must not hold up a whole dispatch
BODY_BYTES = 65_536  # of an answer no more is read; a short one is, so that the connection can be used again


@dataclass(frozen=True)
class Posted:
    """One request: all that is sent of a message at one attempt."""

    url: str
    headers: Mapping[str, str]
    data: bytes
    method: str = "POST"


@dataclass(frozen=True)
class Answer:
    """`fate`: FAILED and DELIVERED are final, UNKNOWN and DEFERRED hold for this one attempt."""

    fate: Fate
    detail: str
    retry_after: timedelta | None = None
    body: bytes = b""


class Posts:
    """Requests to one receiver over connections that are kept.

    Attempts are repeated with exponential backoff and jitter after 408, 425, 429 and 503, and, where `repeats_unknown`,
    after a lost answer and other 5xx. Retry-After is obeyed; one of more than 30 s ends the attempts. Redirects are not
    followed. 401, 403, 404, 405 and 407 mean wrong settings: deferred, without another attempt.

    Fates: 2xx delivered. 3xx and other 4xx failed. No connection, 408, 425, 429, 503: deferred. A connection or an
    answer lost after the request may have been sent, and other 5xx: unknown, unless a later attempt ends with 2xx.

    A name that leads to a machine inside is deferred too, before anything is sent, unless `private_hosts` has it.
    `misset`: the settings to look at where the receiver does not know us.
    """

    def __init__(
        self,
        *,
        timeout_seconds: float,
        attempts: int,
        wait_initial_seconds: float = 0.5,
        private_hosts: Collection[str] = (),
        repeats_unknown: bool,
        misset: str,
    ) -> None:
        if attempts < 1:
            raise ValueError(f"attempts is {attempts}: a message needs at least one")
        self._timeout, self._attempts = timeout_seconds, attempts
        self._wait = timedelta(seconds=wait_initial_seconds)
        self._repeats_unknown, self._misset = repeats_unknown, misset
        self._session = requests.Session()
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, ReachAdapter(private_hosts))

    def deliver(
        self, request: Callable[[], Posted], judge: Callable[[Answer], Answer] = lambda answer: answer
    ) -> Outcome:
        """Send what `request` makes, anew for each attempt; `judge` may think otherwise of an answer of 2xx."""
        answer_lost = False
        for attempt in range(1, self._attempts + 1):
            answer = self._send(request())
            if answer.fate is Fate.DELIVERED:
                answer = judge(answer)
                break
            answer_lost |= answer.fate is Fate.UNKNOWN
            wait = max(self._backoff(attempt), answer.retry_after or timedelta())
            is_over = answer.fate is Fate.FAILED or (answer.fate is Fate.UNKNOWN and not self._repeats_unknown)
            if is_over or attempt == self._attempts or wait > WAIT_CAP:
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

    def _send(self, request: Posted) -> Answer:
        try:
            with self._session.request(
                request.method,
                request.url,
                data=request.data,
                headers=dict(request.headers),
                timeout=self._timeout,
                allow_redirects=False,
                stream=True,  # a body that breaks off does not change the status
                auth=_as_it_is,
            ) as response:
                body = b""
                with suppress(urllib3.exceptions.HTTPError, OSError):
                    body = response.raw.read(BODY_BYTES, decode_content=True)
                return self._read(response, body)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            return _lost(error)

    def _read(self, response: requests.Response, body: bytes) -> Answer:
        code = response.status_code
        detail = f"HTTP {code}"
        with suppress(ValueError):  # the server's own phrase is free text; the standard phrase is safe
            detail = f"HTTP {code} {HTTPStatus(code).phrase}"
        if HTTPStatus.OK <= code < HTTPStatus.MULTIPLE_CHOICES:
            return Answer(Fate.DELIVERED, detail, body=body)
        if code < HTTPStatus.BAD_REQUEST:
            return Answer(Fate.FAILED, f"{detail}: a redirect is not followed")
        wait = _retry_after(response.headers.get("Retry-After", ""))
        if code in MISSET:
            return Answer(Fate.DEFERRED, f"{detail}: check {self._misset}", 2 * WAIT_CAP)
        if code in NOT_TAKEN:
            return Answer(Fate.DEFERRED, detail, wait)
        if code >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return Answer(Fate.UNKNOWN, detail, wait)
        return Answer(Fate.FAILED, detail)


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Without one, a password that somebody has in ~/.netrc for this host takes the place of the secret."""
    return request


def _retry_after(text: str) -> timedelta | None:
    """Seconds or a date (RFC 9110 10.2.3); None where it is neither."""
    if text.isdecimal():
        return timedelta(seconds=min(int(text[:9]), 10**8))
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return moment - datetime.now(UTC) if moment.tzinfo else None


def _lost(error: Exception) -> Answer:
    """Deferred only where no request was sent for sure: before a connection, or at its certificate."""
    reason = getattr(error.args[0], "reason", None) if error.args else None
    inside = _caused_by(error)
    if inside:
        return Answer(Fate.DEFERRED, str(inside), 2 * WAIT_CAP)
    if isinstance(error, requests.exceptions.ProxyError):
        return Answer(Fate.DEFERRED, "the proxy made no connection")
    if isinstance(error, requests.exceptions.SSLError) and "CERTIFICATE_VERIFY_FAILED" in str(reason):
        return Answer(Fate.DEFERRED, "the certificate is not trusted")
    if isinstance(error, requests.ConnectTimeout) or isinstance(reason, urllib3.exceptions.NewConnectionError):
        return Answer(Fate.DEFERRED, "no connection")
    if isinstance(error, requests.Timeout):
        return Answer(Fate.UNKNOWN, "no answer in time")
    return Answer(Fate.UNKNOWN, "connection lost")


def _caused_by(error: BaseException | None) -> OutOfReach | None:
    """What kept the connection from being made, where it led inside."""
    while error is not None and not isinstance(error, OutOfReach):
        error = error.__cause__ or error.__context__
    return error
