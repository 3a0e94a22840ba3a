"""Host names that the UI answers to. A page elsewhere can reach a server on this machine, but not under its name."""

from __future__ import annotations

from collections.abc import Iterable

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
HTTP_PORT = 80  # left out of the address where it is the one


def allowed_hosts(port: int, more: Iterable[str] = ()) -> frozenset[str]:
    """Values of the Host header, in lower case: the names of this machine with the port, and `more` as they stand."""
    own = [f"{name}:{port}" for name in LOOPBACK]
    return frozenset(each.lower() for each in [*own, *(LOOPBACK if port == HTTP_PORT else ()), *more])


def why_not(hosts: list[str], origins: list[str], allowed: frozenset[str]) -> str | None:
    """Why a request with these values of Host and Origin, as sent, is not answered; None where it is.

    A browser names as Origin the page that asks; it sends none when somebody opens an address or follows a link.
    """
    if len(hosts) != 1 or hosts[0].lower() not in allowed:
        return (
            f"This server is called {', '.join(sorted(allowed))}, and was called {', '.join(hosts) or 'nothing'}. "
            "If that name is right, add it to ui.allowed_hosts in churn.yaml."
        )
    own = {f"{scheme}://{hosts[0].lower()}" for scheme in ("http", "https")}
    if origins and (len(origins) > 1 or origins[0].lower() not in own):
        return f"A page of {', '.join(origins)} may not use this server."
    return None
