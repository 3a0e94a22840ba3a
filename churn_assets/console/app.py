"""The console as a server: its paths, and who each is for. Server-rendered, without scripts."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from churn_assets.console.calls import Calls
from churn_assets.console.deciding import Deciding
from churn_assets.console.door import Door
from churn_assets.console.forms import BadForm
from churn_assets.console.gate import Gate
from churn_assets.console.login import Login
from churn_assets.console.reading import Reading
from churn_assets.console.render import page
from churn_assets.console.unsubscribing import PATH, Unsubscribing
from churn_assets.console.waiting import Busy, Publishing
from churn_assets.delivery.dispatch import utc_now
from churn_assets.duck import DuckRefused
from churn_assets.failures import Failure
from churn_assets.instance.record.errors import RecordError
from churn_assets.report.person import Person
from churn_assets.workplace import Workplace

PUBLIC = frozenset({PATH})
STUCK_BY = (OSError, sqlite3.Error, DuckRefused, RecordError)
LOGGER = logging.getLogger(__name__)
STUCK = (
    "The files of this instance cannot be read or written at this moment. What you asked for may not have been done: "
    "look again later. Whoever keeps the server finds the reason in its log, and churn doctor names it."
)


@dataclass(frozen=True)
class Console:
    """`considered`: adds what was considered for a user. `clock`: now in naive UTC."""

    workplace: Workplace
    considered: Callable[[Workplace, Person], Person]
    clock: Callable[[], datetime] = utc_now

    def application(self, hosts: frozenset[str]) -> ASGIApp:
        """The ASGI application behind its door."""
        gate = Gate(self.workplace, self.clock)
        login, reading, deciding = Login(gate), Reading(gate, self.considered), Deciding(gate)
        publishing = Publishing(self.workplace)
        unsubscribing, calls = Unsubscribing(gate, publishing), Calls(gate, publishing)
        routes = [
            Route("/login", login.show, methods=["GET"]),
            Route("/login", login.log_in, methods=["POST"]),
            Route("/logout", gate.form("viewer", login.log_out), methods=["POST"]),
            Route("/", gate.page("viewer", reading.home), methods=["GET"]),
            Route("/report/{day}", gate.page("viewer", reading.report), methods=["GET"]),
            # As the report links to them: relative to its own address.
            Route("/report/checks_{day}/{name}.html", gate.page("viewer", reading.checks), methods=["GET"]),
            Route("/effects", gate.page("viewer", reading.effects), methods=["GET"]),
            Route("/plan", gate.page("viewer", deciding.show), methods=["GET"]),
            Route("/plan/approve", gate.form("approver", deciding.approve), methods=["POST"]),
            Route("/plan/decline", gate.form("approver", deciding.decline), methods=["POST"]),
            Route("/lists/{name}.{form}", gate.page("approver", reading.download), methods=["GET"]),
            Route("/person", gate.page("approver", reading.person), methods=["GET"]),
            Route("/settings", gate.page("approver", reading.settings), methods=["GET"]),
            Route("/calls", gate.page("approver", calls.show), methods=["GET"]),
            Route("/calls/{key}", gate.page("approver", calls.one), methods=["GET"]),
            Route("/calls/{key}", gate.form("approver", calls.note), methods=["POST"]),
            Route("/health", gate.page("admin", reading.health), methods=["GET"]),
            Route("/acts", gate.page("admin", reading.acts), methods=["GET"]),
            Route(PATH, unsubscribing.show, methods=["GET"]),
            Route(PATH, unsubscribing.unsubscribe, methods=["POST"]),
        ]
        handlers: Mapping[Any, Any] = {Failure: _failure, **dict.fromkeys(STUCK_BY, _stuck)}
        return Door(Starlette(routes=routes, exception_handlers=handlers), hosts, PUBLIC)


async def _failure(request: Request, error: Exception) -> Response:
    del request
    status = HTTPStatus.NOT_FOUND if isinstance(error, LookupError) else HTTPStatus.CONFLICT
    if isinstance(error, BadForm):
        status = HTTPStatus.BAD_REQUEST
    if isinstance(error, Busy):
        status = HTTPStatus.SERVICE_UNAVAILABLE
    return page("message", status, session=None, title="Not done", text=str(error))


async def _stuck(request: Request, error: Exception) -> Response:
    """A full disk, a damaged file: one line in the log. People are told no path of this machine."""
    reason = " ".join(str(error).split())
    LOGGER.error("%s %s: %s: %s", request.method, request.url.path, type(error).__name__, reason)
    return page("message", HTTPStatus.SERVICE_UNAVAILABLE, session=None, title="Not done", text=STUCK)
