"""Messages to a service that is declared in the settings (settings/services.py): slots filled, secret put in."""

from __future__ import annotations

import hashlib
import json
from base64 import b64encode
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from html import escape
from typing import Any
from urllib.parse import quote

from churn_assets.delivery.channels import NOTICE, Fate, Message, Outcome
from churn_assets.delivery.posts import Answer, Posted, Posts
from churn_assets.delivery.wording import unsubscribe_link
from churn_assets.settings.receivers import ADDRESS, CONTROL
from churn_assets.settings.services import OF_THE_ADDRESS, SLOT, Accepted, Request, Service


class DeclaredAdapter:
    """At most once, or once for a service that drops repeats of a message_key, where the settings say that it does.

    A text is put into JSON as text: no word of a message can end the value that it stands in. Of the answer the status
    counts, and the value at `accepted`, which is compared and not repeated anywhere. A notice of an erasure goes by
    `erase`. Attempts and fates: delivery/posts.py; where repeats are not safe a lost answer is not asked for again.
    """

    def __init__(
        self,
        name: str,
        service: Service,
        unsubscribe_url: str | None = None,
        timeout_seconds: float = 10,
        attempts: int = 4,
        wait_initial_seconds: float = 0.5,
        private_hosts: Collection[str] = (),
    ) -> None:
        self.name, self.is_keyed = name, service.drops_repeats
        self._service, self._unsubscribe_url = service, unsubscribe_url
        self._posts = Posts(
            timeout_seconds=timeout_seconds,
            attempts=attempts,
            wait_initial_seconds=wait_initial_seconds,
            private_hosts=private_hosts,
            repeats_unknown=service.drops_repeats,
            misset=f"delivery.services.{name}: url and secret",
        )

    def deliver(self, message: Message, address: str | None) -> Outcome:
        """Hand one message over."""
        request = self._service.erase if message.channel == NOTICE else self._service.send
        if request is None:
            return Outcome(Fate.FAILED, f"delivery.services.{self.name} has no erase")
        if request.slots() & set(OF_THE_ADDRESS):
            if not address:
                return Outcome(Fate.FAILED, "no address")
            if CONTROL.search(address) or (message.channel == "email" and not ADDRESS.fullmatch(address)):
                return Outcome(Fate.FAILED, "not one plain address")
        values = self._values(message, address or "")
        posted = Posted(
            _filled(request.url, values, lambda value: quote(value, safe="")),
            self._headers(request, values),
            b"" if request.body is None else json.dumps(_written(request.body, values), ensure_ascii=False).encode(),
            request.method,
        )
        accepted = request.accepted
        return self._posts.deliver(lambda: posted, lambda answer: _judged(answer, accepted) if accepted else answer)

    def close(self) -> None:
        self._posts.close()

    def _values(self, message: Message, address: str) -> Mapping[str, str]:
        plain = address.strip().lower().encode()  # as services hash it: of small letters
        link = unsubscribe_link(self._unsubscribe_url, message.message_key) if self._unsubscribe_url else ""
        return {
            "message_key": message.message_key,
            "user_id": message.user_id,
            "address": address,
            "address_md5": hashlib.md5(plain, usedforsecurity=False).hexdigest(),
            "address_sha256": hashlib.sha256(plain).hexdigest(),
            "subject": message.subject,
            "body": message.body,
            "body_html": "<p>" + escape(message.body).replace("\n", "<br>\n") + "</p>",
            "language": message.language,
            "template": message.template,
            "channel": message.channel,
            "unsubscribe_url": link,
            "secret": self._secret,
        }

    def _headers(self, request: Request, values: Mapping[str, str]) -> Mapping[str, str]:
        headers = {name: _filled(value, values) for name, value in request.headers.items()}
        if request.body is not None:
            headers["content-type"] = "application/json"
        if self._service.basic_user is not None:
            pair = f"{self._service.basic_user}:{self._secret}".encode()
            headers["Authorization"] = f"Basic {b64encode(pair).decode()}"
        elif self._secret:
            headers[self._service.auth_header] = _filled(self._service.auth_value, values)
        return headers

    @property
    def _secret(self) -> str:
        return self._service.secret.get_secret_value() if self._service.secret else ""


def _written(value: Any, values: Mapping[str, str]) -> Any:
    """The JSON value with its slots filled."""
    if isinstance(value, str):
        return _filled(value, values)
    if isinstance(value, Mapping):
        return {str(key): _written(inner, values) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_written(inner, values) for inner in value]
    return value


def _filled(text: str, values: Mapping[str, str], as_written: Callable[[str], str] = lambda value: value) -> str:
    """In one pass: braces in a message are none of ours."""
    return SLOT.sub(lambda slot: as_written(values[slot[1]]), text)


def _judged(answer: Answer, accepted: Accepted) -> Answer:
    """What the text of an answer of 2xx says; one that cannot be read leaves the fate open."""
    try:
        value = json.loads(answer.body)
        for part in accepted.at.split("/")[1:]:
            name = part.replace("~1", "/").replace("~0", "~")
            value = value[int(name)] if isinstance(value, list) else value[name]
    except (ValueError, KeyError, IndexError, TypeError):
        return replace(answer, fate=Fate.UNKNOWN, detail=f"{answer.detail}: nothing to read at {accepted.at}")
    if str(value) in accepted.one_of:
        return answer
    return replace(answer, fate=Fate.FAILED, detail=f"{answer.detail}: refused by the value at {accepted.at}")
