"""The gate before the API: which host a request has to name, how large it may be, and what every answer carries."""

from __future__ import annotations

from http import HTTPStatus

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from churn_assets.api.problems import problem
from churn_assets.ui.hosts import why_not

MOST_BODY_BYTES = 1024 * 1024  # some 8,000 receipts
HEADERS = [
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
]
# A client may keep an answer to ask with its ETag; a proxy may not, and nobody uses it without asking.
CACHE = (b"cache-control", b"private, no-cache")


class Gate:
    """Passes requests on that name one of `hosts` and come from no page elsewhere; HEAD is GET without a body."""

    def __init__(self, app: ASGIApp, hosts: frozenset[str]) -> None:
        self._app, self._hosts = app, hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            return
        is_head = scope["method"] == "HEAD"
        sending = _with_headers(send, is_head=is_head)
        refusal = self._refusal(scope)
        if refusal:
            await problem(*refusal)(scope, receive, sending)
            return
        await self._app({**scope, "method": "GET"} if is_head else scope, receive, sending)

    def _refusal(self, scope: Scope) -> tuple[HTTPStatus, str] | None:
        why = why_not(_values(scope, b"host"), _values(scope, b"origin"), self._hosts)
        if why:
            return HTTPStatus.FORBIDDEN, why.replace("ui.allowed_hosts", "console.allowed_hosts")
        if scope["method"] != "POST":  # of no other method a body is read
            return None
        length = _values(scope, b"content-length")
        if len(length) != 1 or not (length[0].isascii() and length[0].isdigit()):
            return HTTPStatus.LENGTH_REQUIRED, "A request with a body says once how many bytes it has."
        if int(length[0]) > MOST_BODY_BYTES:
            return HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"A body has at most {MOST_BODY_BYTES:,} bytes: send several."
        return None


def _values(scope: Scope, name: bytes) -> list[str]:
    return [value.decode("latin-1") for key, value in scope["headers"] if key == name]


def _with_headers(send: Send, *, is_head: bool) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            own = list(message.get("headers", []))
            cache = [] if any(name == CACHE[0] for name, _ in own) else [CACHE]
            message = {**message, "headers": [*own, *HEADERS, *cache]}
        elif is_head:
            message = {**message, "body": b""}
        await send(message)

    return sending
