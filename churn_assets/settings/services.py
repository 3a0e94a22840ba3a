"""A sending side that is declared in the settings: where a message goes by HTTP, and how it is written there."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator

from churn_assets.settings.names import did_you_mean
from churn_assets.settings.receivers import CONTROL, checked_url
from churn_assets.settings.section import Section

# A slot is one pair of braces; {{name}} is the service's own and stays.
SLOT: Final = re.compile(r"(?<!\{)\{(\w+)\}(?!\})")
OF_THE_ADDRESS: Final = ("address", "address_md5", "address_sha256")
SLOTS: Final = (
    "message_key", "user_id", *OF_THE_ADDRESS, "subject", "body", "body_html", "language", "template", "channel",
    "unsubscribe_url", "secret",
)  # fmt: skip
IN_HEADERS: Final = ("message_key",)  # a text could end the header and begin another
NAME: Final = re.compile(r"[a-z][a-z0-9]*")  # so that a variable of the environment can name it
HEADER: Final = re.compile(r"[!#$%&'*+.^`|~\w-]+", re.ASCII)
OURS: Final = ("content-type", "content-length", "host", "transfer-encoding", "connection")
MAY_BE_SECRET: Final = re.compile(r"(^|[_-])(api[_-]?key|key|token|secret|password|auth\w*)$", re.IGNORECASE)
POINTER: Final = re.compile(r"(/([^/~]|~[01])*)*")  # RFC 6901


class Accepted(Section):
    """Where an answer of 2xx says in its text whether it took the message."""

    at: str = Field(description="Place in the JSON of the answer (RFC 6901), such as /0/status.")
    one_of: tuple[str, ...] = Field(min_length=1, description="Values there that mean that it was taken.")

    @field_validator("at")
    @classmethod
    def _is_a_place(cls, at: str) -> str:
        if not POINTER.fullmatch(at):
            raise ValueError("give a JSON pointer (RFC 6901), such as /0/status")
        return at


class Request(Section):
    """One request, with slots."""

    url: str = Field(description="Address, with slots in path and query; a value is percent-encoded there.")
    method: Literal["POST", "PUT", "PATCH", "DELETE"] = Field("POST", description="Method of HTTP.")
    headers: Mapping[str, str] = Field(default_factory=dict, description="Besides content-type and the secret's.")
    body: Any = Field(None, description="JSON as YAML, with slots in its texts; null: none.")
    accepted: Accepted | None = Field(None, description="Where the answer says whether it was taken; null: 2xx is yes.")

    @field_validator("url")
    @classmethod
    def _leads_somewhere(cls, url: str) -> str:
        parts = urlsplit(url)
        if SLOT.search(parts.scheme + parts.netloc):
            raise ValueError("url: slots belong into path and query, not before them")
        checked_url("url", SLOT.sub("x", url))
        return url

    @field_validator("body")
    @classmethod
    def _is_json(cls, body: Any) -> Any:
        try:
            json.dumps(body, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise ValueError(f"body: {error}: write dates and the like in quotes") from None
        return body

    @field_validator("headers")
    @classmethod
    def _are_headers(cls, headers: Mapping[str, str]) -> Mapping[str, str]:
        for name, value in headers.items():
            if not HEADER.fullmatch(name) or name.lower() in OURS:
                raise ValueError(f"headers: {name!r} cannot be set here")
            if CONTROL.search(value) or not value.isascii():
                raise ValueError(f"headers: {name} holds a line break or letters that are not ASCII")
            if set(SLOT.findall(value)) - set(IN_HEADERS):
                raise ValueError(f"headers: {name} may hold the slot {{message_key}} only")
        return headers

    @model_validator(mode="after")
    def _holds_known_slots_and_no_secret(self) -> Self:
        for slot in self.slots():
            if slot not in SLOTS:
                near = next(iter(get_close_matches(slot, SLOTS, n=1)), None)
                raise ValueError(f"there is no slot {{{slot}}}{did_you_mean(near)}; there are {', '.join(SLOTS)}")
        for name, value in (*self.headers.items(), *_leaves(self.body)):
            if MAY_BE_SECRET.search(name) and value and not SLOT.search(value):
                raise ValueError(f"{name} looks like a secret: write {{secret}} there (body) or set auth_header")
        return self

    def slots(self) -> set[str]:
        """The slots of its address, headers and body."""
        texts = [self.url, *self.headers.values(), *(value for _, value in _leaves(self.body))]
        return {slot for text in texts for slot in SLOT.findall(text)}


class Service(Section):
    """A sending side by HTTP."""

    send: Request = Field(description="What hands one message over.")
    erase: Request | None = Field(None, description="What asks it to erase a user; null: it is asked by hand.")
    secret: SecretStr | None = Field(None, description="Best by CHURN__DELIVERY__SERVICES__<NAME>__SECRET.")
    auth_header: str = Field("Authorization", description="Header that the secret goes into.")
    auth_value: str = Field("Bearer {secret}", description="Its value, with {secret}.")
    basic_user: str | None = Field(None, description="User of HTTP basic authentication, instead of auth_header.")
    drops_repeats: bool = Field(
        False, description="It takes a {message_key} once, so an answer that was lost may be asked for again."
    )
    unsubscribes: bool = Field(False, description="It puts its own way to leave into every e-mail.")

    @field_validator("auth_header")
    @classmethod
    def _is_a_header(cls, name: str) -> str:
        if not HEADER.fullmatch(name) or name.lower() in OURS:
            raise ValueError(f"auth_header: {name!r} cannot be set here")
        return name

    @field_validator("auth_value")
    @classmethod
    def _holds_the_secret(cls, value: str) -> str:
        if SLOT.findall(value) != ["secret"] or CONTROL.search(value) or not value.isascii():
            raise ValueError("auth_value: give a text with {secret}, such as Bearer {secret}")
        return value

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.drops_repeats and "message_key" not in self.send.slots():
            raise ValueError("drops_repeats: it can only know a repeat by the slot {message_key}, which send lacks")
        if self.secret is None and any("secret" in each.slots() for each in (self.send, self.erase) if each):
            raise ValueError("the slot {secret} is used and CHURN__DELIVERY__SERVICES__<NAME>__SECRET is not set")
        if self.secret is not None and CONTROL.search(self.secret.get_secret_value()):
            raise ValueError("the secret holds a line break or another control character")
        if self.erase and self.erase.slots() - {"message_key", "user_id", "secret"}:
            raise ValueError("erase: of a user who is erased only {user_id} and {message_key} of the notice are known")
        return self

    @property
    def needs_address(self) -> bool:
        return bool(self.send.slots() & set(OF_THE_ADDRESS))


def _leaves(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Texts within a JSON value, each under the name of its nearest key."""
    if isinstance(value, str):
        yield name, value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _leaves(inner, str(key))
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _leaves(inner, name)
