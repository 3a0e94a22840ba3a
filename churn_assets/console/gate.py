"""Who may do what: a page or a form for accounts of a role, one session per request, and a row for what was refused."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from churn_assets.console.accounts import find_account
from churn_assets.console.audit import NOBODY, note_all
from churn_assets.console.forms import form_of, path_of
from churn_assets.console.proxy import NotByProxy, account_named
from churn_assets.console.render import page
from churn_assets.console.sessions import COOKIE, Session, begin_session, session_of, use_form
from churn_assets.workplace import Workplace

STALE_FORM = "This form was sent already, or is of another session: go back and load the page again."
Handler = Callable[[Request, Session], Awaitable[Response]]
Answer = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True)
class Gate:
    """`clock`: now in naive UTC."""

    workplace: Workplace
    clock: Callable[[], datetime]

    def page(self, role: str, handler: Handler) -> Answer:
        """A page for accounts of the role; others are sent to the login, or told that they may not."""

        async def answer(request: Request) -> Response:
            try:
                session, token = await run_in_threadpool(self._entered, request)
            except NotByProxy as error:
                self.note(request, NOBODY, "login refused", "", str(error))
                return refused(None, str(error))
            if session is None:
                return RedirectResponse(f"/login?next={quote(path_of(request))}", HTTPStatus.SEE_OTHER)
            if not session.account.may(role):
                response = refused(session, f"This page is for accounts of role {role}.")
            else:
                response = await handler(request, session)
            if token:
                self.give_cookie(response, token)
            return response

        return answer

    def form(self, role: str, handler: Handler) -> Answer:
        """A form of a page of this session, which is taken once."""

        async def answer(request: Request) -> Response:
            session = await run_in_threadpool(self.session, request)
            if session is None:
                return RedirectResponse("/login", HTTPStatus.SEE_OTHER)
            if not session.account.may(role):
                self.note(request, session.account.name, "refused", request.url.path, f"needs role {role}")
                return refused(session, f"This is for accounts of role {role}.")
            form = await form_of(request)
            if not await run_in_threadpool(use_form, self.workplace.record, session, form.get("csrf", "")):
                self.note(request, session.account.name, "refused", request.url.path, "a form of another moment")
                return refused(session, STALE_FORM)
            return await handler(request, session)

        return answer

    def session(self, request: Request) -> Session | None:
        """The session of the cookie; behind a proxy that logs people in, only if it is of whom the proxy names."""
        session = session_of(self.workplace.record, request.cookies.get(COOKIE), self.clock())
        try:
            named = account_named(request, self.workplace.settings.console)
        except NotByProxy:
            return None
        return session if session is None or named in (None, session.account.name) else None

    def note(self, request: Request, account: str, act: str, subject: str = "", detail: str = "") -> None:
        """A row of the audit, in a transaction of its own."""
        with self.workplace.record.transaction() as connection:
            note_all(connection, [self.row(request, account, act, subject, detail)])

    def row(self, request: Request, account: str, act: str, subject: str = "", detail: str = "") -> tuple[str, ...]:
        """For the transaction of what was done."""
        address = request.client.host if request.client else ""
        return (self.clock().isoformat(), account, act, subject, detail, address)

    def give_cookie(self, response: Response, token: str) -> None:
        settings = self.workplace.settings.console
        response.set_cookie(
            COOKIE, token, max_age=int(3600 * settings.session_hours), httponly=True, samesite="strict",
            secure=settings.is_https,
        )  # fmt: skip

    def _entered(self, request: Request) -> tuple[Session | None, str | None]:
        """The session, and the token of one that begins with this request because a proxy names who asks.

        Raises NotByProxy.
        """
        settings, record = self.workplace.settings.console, self.workplace.record
        name = account_named(request, settings)
        session = self.session(request)
        if session is not None or name is None:
            return session, None
        account = find_account(record, name)
        if account is None:
            raise NotByProxy(f"There is no account {name} here: churn account add makes one.")
        token = begin_session(record, account, settings.session_hours, self.clock())
        self.note(request, account.name, "login", "", "named by the proxy")
        return session_of(record, token, self.clock()), token


def refused(session: Session | None, why: str) -> Response:
    return page("message", HTTPStatus.FORBIDDEN, session=session, title="Not allowed", text=why)
