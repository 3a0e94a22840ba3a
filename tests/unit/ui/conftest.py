"""The guard before an application that keeps what reaches it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from churn_assets.ui.guard import Guard
from churn_assets.ui.hosts import allowed_hosts

HOST = "127.0.0.1:3000"
Header = tuple[str, str]


@dataclass
class Backend:
    """The application behind: keeps what reaches it."""

    scopes: list[dict[str, Any]] = field(default_factory=list)
    messages: list[dict[str, Any]] = field(default_factory=list)

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        self.scopes.append(scope)
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
            await send({"type": "http.response.body", "body": b"done"})
            return
        while not self.messages or self.messages[-1]["type"] != "websocket.disconnect":
            self.messages.append(await receive())
            await send({"type": "websocket.send", "text": "{}"})


@dataclass(frozen=True)
class Answer:
    sent: list[dict[str, Any]]
    backend: Backend

    @property
    def status(self) -> int:
        return int(self.sent[0]["status"])

    @property
    def text(self) -> str:
        return b"".join(part.get("body", b"") for part in self.sent[1:]).decode()

    @property
    def has_reached_the_application(self) -> bool:
        return bool(self.backend.scopes)


def _ask(scope: dict[str, Any], said: list[dict[str, Any]], hosts: frozenset[str]) -> Answer:
    backend, sent, waiting = Backend(), list[dict[str, Any]](), list(said)

    async def receive() -> dict[str, Any]:
        return waiting.pop(0) if waiting else {"type": "websocket.disconnect", "code": 1000}

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(Guard(backend, hosts)(scope, receive, send))  # type: ignore[arg-type]
    return Answer(sent, backend)


def _scope(kind: str, url: str, headers: tuple[Header, ...], host: str | None) -> dict[str, Any]:
    path, _, query = url.partition("?")
    all_headers = [*([("host", host)] if host is not None else []), *headers]
    return {
        "type": kind, "path": path, "raw_path": path.encode(), "query_string": query.encode(), "root_path": "",
        "scheme": "http", "headers": [(name.encode(), value.encode()) for name, value in all_headers],
    }  # fmt: skip


def _request(
    method: str = "GET", url: str = "/", *headers: Header, host: str | None = HOST, more_hosts: tuple[str, ...] = ()
) -> Answer:
    scope = _scope("http", url, headers, host) | {"method": method}
    return _ask(scope, [{"type": "http.request", "body": b""}], allowed_hosts(3000, more_hosts))


def _talk(*texts: str | bytes, headers: tuple[Header, ...] = (), host: str | None = HOST) -> Answer:
    said: list[dict[str, Any]] = [{"type": "websocket.connect"}]
    said += [{"type": "websocket.receive", "text" if isinstance(text, str) else "bytes": text} for text in texts]
    return _ask(_scope("websocket", "/graphql", headers, host), said, allowed_hosts(3000))


@pytest.fixture
def ask() -> Callable[..., Answer]:
    """A request: method, URL, headers; host=None sends none."""
    return _request


@pytest.fixture
def talk() -> Callable[..., Answer]:
    """A websocket to /graphql over which some messages are sent."""
    return _talk
