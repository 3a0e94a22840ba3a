"""The guard before Dagster's web server, which itself answers every request and runs mutations in a link.

An ASGI middleware rather than a proxy: the application gets exactly the request that was checked, and no second
port is open. The guard checks every path. It protects from pages that a browser on this machine has open, and is no
login: any program on this machine may send requests to the server.
"""

from __future__ import annotations

import json
from http import HTTPStatus

from starlette.datastructures import QueryParams
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from churn_assets.ui.documents import UnreadableDocument, operations
from churn_assets.ui.hosts import why_not

METHODS = ("GET", "HEAD", "POST")
JSON = "application/json"
FOREIGN = ("cross-site", "same-site")  # Sec-Fetch-Site; same-site is another port of this machine
POLICY_VIOLATION = 1008  # https://www.rfc-editor.org/rfc/rfc6455#section-7.4.1
# No page elsewhere may show the UI in a frame, to have its buttons pressed, or load any of it as a script or picture.
HEADERS = [(b"x-frame-options", b"SAMEORIGIN"), (b"cross-origin-resource-policy", b"same-origin")]

Refusal = tuple[HTTPStatus, str]


class Guard:
    """Passes requests on to `app` that name one of `hosts` and come from no other origin.

    Only a POST with a JSON body may change anything: a browser asks before it sends one from another page, and is not
    allowed. A GET of /graphql may hold queries only, a websocket queries and subscriptions.
    """

    def __init__(self, app: ASGIApp, hosts: frozenset[str]) -> None:
        self._app = app
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            refusal = self._stranger(scope) or _unfit(scope)
            if refusal:
                status, why = refusal
                await PlainTextResponse(f"{why}\n", status, dict(_decoded(HEADERS)))(scope, receive, send)
                return
            await self._app(_as_checked(scope), receive, _with_headers(send))
        elif scope["type"] == "websocket":
            if self._stranger(scope):
                await send({"type": "websocket.close", "code": POLICY_VIOLATION})
                return
            conversation = _Conversation(receive, send)
            await self._app(scope, conversation.receive, conversation.send)
        elif scope["type"] == "lifespan":
            await self._app(scope, receive, send)

    def _stranger(self, scope: Scope) -> Refusal | None:
        """Refuses a request with another host, or from a page of another origin."""
        why = why_not(_values(scope, b"host"), _values(scope, b"origin"), self._hosts)
        if why:
            return HTTPStatus.FORBIDDEN, why
        if any(site in FOREIGN for site in _values(scope, b"sec-fetch-site")) and not _is_link_followed(scope):
            return HTTPStatus.FORBIDDEN, "Another page may link to this server, and not use it."
        return None


class _Conversation:
    """One websocket, closed at the first message that could change something."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._is_closed = False

    async def receive(self) -> Message:
        message = await self._receive()
        if message["type"] != "websocket.receive" or _is_harmless(message.get("text")):
            return message
        await self.send({"type": "websocket.close", "code": POLICY_VIOLATION})
        return {"type": "websocket.disconnect", "code": POLICY_VIOLATION}

    async def send(self, message: Message) -> None:
        if not self._is_closed:
            self._is_closed = message["type"] == "websocket.close"
            await self._send(message)


def _unfit(scope: Scope) -> Refusal | None:
    """Refuses a request whose method does not say whether it changes anything."""
    if scope["method"] not in METHODS:
        return HTTPStatus.METHOD_NOT_ALLOWED, f"Only {', '.join(METHODS)} are answered here."
    if scope["method"] == "POST":
        types = _values(scope, b"content-type")
        if len(types) != 1 or types[0].split(";")[0].strip().lower() != JSON:
            return HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"A POST has a body of {JSON} here."
        return None
    return _changing_link(scope) if _is_graphql(scope) else None


def _changing_link(scope: Scope) -> Refusal | None:
    """Refuses a GET whose document could do more than read."""
    documents = QueryParams(scope["query_string"]).getlist("query")
    try:
        kinds = set[str]().union(*(operations(each) for each in documents))
    except UnreadableDocument as error:
        return HTTPStatus.BAD_REQUEST, f"The query is not readable: {error}"
    if len(documents) > 1:
        return HTTPStatus.BAD_REQUEST, "One query at a time."
    if kinds - {"query"}:
        return HTTPStatus.METHOD_NOT_ALLOWED, f"A GET may only hold queries; send mutations as a POST of {JSON}."
    return None


def _is_harmless(text: str | None) -> bool:
    """Whether a message of a websocket holds no operation but queries and subscriptions."""
    try:
        message = json.loads(text or "")
        payload = message.get("payload") if isinstance(message, dict) else None
        document = payload.get("query") if isinstance(payload, dict) else None
        if document is None:
            return isinstance(message, dict)
        return isinstance(document, str) and "mutation" not in operations(document)
    except (ValueError, RecursionError):  # nothing that the UI sends
        return False


def _is_graphql(scope: Scope) -> bool:
    """Also of paths that differ from the endpoint's by slashes and case only."""
    return [part for part in str(scope["path"]).lower().split("/") if part][-1:] == ["graphql"]


def _is_link_followed(scope: Scope) -> bool:
    """Whether a link on another page opens a page of the UI: it reads only, and in a window of its own."""
    is_page = _values(scope, b"sec-fetch-mode") == ["navigate"] and _values(scope, b"sec-fetch-dest") == ["document"]
    return is_page and scope["type"] == "http" and scope["method"] == "GET" and not _is_graphql(scope)


def _as_checked(scope: Scope) -> Scope:
    """With the content type spelt as the application looks for it: otherwise it would read the query of the URL."""
    if scope["method"] != "POST":
        return scope
    others = [(name, value) for name, value in scope["headers"] if name.lower() != b"content-type"]
    return {**scope, "headers": [*others, (b"content-type", JSON.encode())]}


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", ()), *HEADERS]}
        await send(message)

    return sending


def _values(scope: Scope, name: bytes) -> list[str]:
    """Values of all headers of that name, as they were sent."""
    return [value.decode("latin-1") for key, value in scope["headers"] if key.lower() == name]


def _decoded(headers: list[tuple[bytes, bytes]]) -> list[tuple[str, str]]:
    return [(name.decode(), value.decode()) for name, value in headers]
