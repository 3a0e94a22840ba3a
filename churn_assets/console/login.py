"""Logging in by password, and out."""

from __future__ import annotations

from dataclasses import dataclass, field
from http import HTTPStatus

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from churn_assets.console.accounts import verified
from churn_assets.console.attempts import Attempts
from churn_assets.console.audit import NOBODY
from churn_assets.console.forms import form_of, own_path
from churn_assets.console.gate import Gate
from churn_assets.console.render import page
from churn_assets.console.sessions import COOKIE, Session, begin_session, end_session


@dataclass(frozen=True)
class Login:
    gate: Gate
    attempts: Attempts = field(default_factory=Attempts)

    async def show(self, request: Request) -> Response:
        if self._is_elsewhere:
            return RedirectResponse("/", HTTPStatus.SEE_OTHER)
        return page("login", session=None, next=own_path(request.query_params.get("next")), why=None)

    async def log_in(self, request: Request) -> Response:
        gate, form = self.gate, await form_of(request)
        name, password = form.get("name", "").strip().lower()[:64], form.get("password", "")
        after = own_path(form.get("next"))
        address = request.client.host if request.client else ""
        if self._is_elsewhere:
            gate.note(request, NOBODY, "login refused", name, "people log in at the proxy")
            return RedirectResponse("/", HTTPStatus.SEE_OTHER)
        if self.attempts.is_closed(name, address, gate.clock()):
            why = "Too many wrong passwords: try again in a quarter of an hour."
            return page("login", HTTPStatus.TOO_MANY_REQUESTS, session=None, next=after, why=why)
        account = await run_in_threadpool(verified, gate.workplace.record, name, password)
        if account is None:
            self.attempts.failed(name, address, gate.clock())
            gate.note(request, NOBODY, "login refused", name)
            why = "There is no such account, or the password is another one."
            return page("login", HTTPStatus.FORBIDDEN, session=None, next=after, why=why)
        self.attempts.succeeded(name)
        hours = gate.workplace.settings.console.session_hours
        token = await run_in_threadpool(begin_session, gate.workplace.record, account, hours, gate.clock())
        gate.note(request, account.name, "login")
        response = RedirectResponse(after, HTTPStatus.SEE_OTHER)
        gate.give_cookie(response, token)
        return response

    async def log_out(self, request: Request, session: Session) -> Response:
        await run_in_threadpool(end_session, self.gate.workplace.record, session)
        self.gate.note(request, session.account.name, "logout")
        response: Response = RedirectResponse("/login", HTTPStatus.SEE_OTHER)
        if self._is_elsewhere:  # where / would begin a session again
            response = page("message", session=None, title="Logged out", text="Log out at the proxy, too.")
        response.delete_cookie(COOKIE)
        return response

    @property
    def _is_elsewhere(self) -> bool:
        return self.gate.workplace.settings.console.user_header is not None
