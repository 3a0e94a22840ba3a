"""The door of the console: which host a request has to name, from which page it may come, and what answers carry.

Every answer forbids scripts, frames and anything from elsewhere; none is kept by a browser or a proxy.
"""

from __future__ import annotations

from http import HTTPStatus

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from churn_assets.ui.hosts import why_not

MOST_BODY_BYTES = 64 * 1024  # forms; the longest has some hundred letters
POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
HEADERS = [
    (b"content-security-policy", POLICY.encode()),
    (b"x-frame-options", b"DENY"),
    (b"x-content-type-options", b"nosniff"),
    # Not no-referrer: by that a browser names no page (Origin: null) where one of our own sends a form.
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
]
FOREIGN = ("cross-site", "same-site")  # Sec-Fetch-Site; same-site is another port of this machine


class Door:
    """Passes requests on to `app` that name one of `hosts`; a POST has to come from a page of this server, but to a
    path in `public`, where a mail program sends it.
    """

    def __init__(self, app: ASGIApp, hosts: frozenset[str], public: frozenset[str]) -> None:
        self._app, self._hosts, self._public = app, hosts, public

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            return
        refusal = self._refusal(scope)
        if refusal:
            status, why = refusal
            await PlainTextResponse(f"{why}\n", status)(scope, receive, _with_headers(send))
            return
        await self._app(scope, receive, _with_headers(send))

    def _refusal(self, scope: Scope) -> tuple[HTTPStatus, str] | None:
        is_public, is_post = scope["path"] in self._public, scope["method"] == "POST"
        if scope["method"] not in ("GET", "HEAD", "POST"):
            return HTTPStatus.METHOD_NOT_ALLOWED, "Only GET, HEAD and POST are answered here."
        origins = _values(scope, b"origin")
        why = why_not(_values(scope, b"host"), [] if is_public else origins, self._hosts)
        if why:
            return HTTPStatus.FORBIDDEN, why.replace("ui.allowed_hosts", "console.allowed_hosts")
        if is_post and not is_public:
            if not origins:
                return HTTPStatus.FORBIDDEN, "A form of another program is not taken: it names no page (Origin)."
            if any(site in FOREIGN for site in _values(scope, b"sec-fetch-site")):
                return HTTPStatus.FORBIDDEN, "A page elsewhere may not send forms to this server."
        length = _values(scope, b"content-length")
        if is_post and (len(length) != 1 or not length[0].isdigit() or int(length[0]) > MOST_BODY_BYTES):
            return (
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                f"A form has at most {MOST_BODY_BYTES:,} bytes, and says how many.",
            )
        return None


def _values(scope: Scope, name: bytes) -> list[str]:
    return [value.decode("latin-1") for key, value in scope["headers"] if key == name]


def _with_headers(send: Send) -> Send:
    names = {name for name, _ in HEADERS}

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            own = [(name, value) for name, value in message.get("headers", []) if name not in names]
            message = {**message, "headers": [*own, *HEADERS]}
        await send(message)

    return sending
