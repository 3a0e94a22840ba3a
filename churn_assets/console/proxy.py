"""Single sign-on by a proxy in front of the console, which logs people in and names the account in a header.

A program on this machine could send that header too; so the proxy also sends a secret that only the two know.
"""

from __future__ import annotations

import hmac

from starlette.requests import Request

from churn_assets.failures import Failure
from churn_assets.settings.sections import Console

SECRET_HEADER = "x-churn-proxy-secret"  # noqa: S105 - the name of a header


class NotByProxy(Failure, PermissionError, code="access"):
    """A request that did not come by the proxy, or names no account."""


def account_named(request: Request, settings: Console) -> str | None:
    """The account that the proxy names; None where people log in by password. Raises NotByProxy."""
    if settings.user_header is None or settings.proxy_secret is None:
        return None
    sent = request.headers.getlist(SECRET_HEADER)
    names = request.headers.getlist(settings.user_header)
    expected = settings.proxy_secret.get_secret_value().encode()
    if len(sent) != 1 or not hmac.compare_digest(sent[0].encode("latin-1"), expected):
        raise NotByProxy("This console is reached through the proxy that logs people in (console.user_header).")
    name = names[0].strip().lower() if len(names) == 1 else ""
    if not name:
        raise NotByProxy(f"The proxy named nobody in {settings.user_header}.")
    return name
