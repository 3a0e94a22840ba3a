"""The console: report, plan, person, what was done, and one-click unsubscribing; server-rendered, without scripts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, quote

import polars as pl
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from churn_assets.console.accounts import verified
from churn_assets.console.acts import assent, decline, plan_state
from churn_assets.console.attempts import Attempts
from churn_assets.console.audit import NOBODY, newest, note
from churn_assets.console.door import Door
from churn_assets.console.render import page
from churn_assets.console.sessions import COOKIE, Session, begin_session, end_session, session_of, use_form
from churn_assets.console.waiting import Busy, Publishing, at_rest
from churn_assets.delivery.consents import NoSuchMessage, add_consents, withdrawals
from churn_assets.delivery.dispatch import utc_now
from churn_assets.delivery.plan import Plan, newest_plan
from churn_assets.delivery.receipts import write_receipts
from churn_assets.failures import Failure
from churn_assets.report.files import report_file, write_report
from churn_assets.report.person import NoSuchUser, Person, person_of
from churn_assets.stages import Stage
from churn_assets.workplace import Workplace

PUBLIC = frozenset({"/unsubscribe"})
MOST_ACTS = 200
STALE_FORM = "This form was sent already, or is of another session: go back and load the page again."
Handler = Callable[[Request, Session], Awaitable[Response]]


@dataclass(frozen=True)
class Console:
    """`considered`: adds what was considered for a user. `clock`: now in naive UTC."""

    workplace: Workplace
    considered: Callable[[Workplace, Person], Person]
    clock: Callable[[], datetime] = utc_now

    def application(self, hosts: frozenset[str]) -> ASGIApp:
        """The ASGI application behind its door."""
        attempts = Attempts()
        routes = [
            Route("/login", self._login_page(), methods=["GET"]),
            Route("/login", self._login(attempts), methods=["POST"]),
            Route("/logout", self._form("viewer", self._logout), methods=["POST"]),
            Route("/", self._page("viewer", self._home), methods=["GET"]),
            Route("/report/{day}", self._page("viewer", self._report), methods=["GET"]),
            Route("/plan", self._page("viewer", self._plan), methods=["GET"]),
            Route("/plan/approve", self._form("approver", self._approve), methods=["POST"]),
            Route("/plan/decline", self._form("approver", self._decline), methods=["POST"]),
            Route("/person", self._page("approver", self._person), methods=["GET"]),
            Route("/acts", self._page("admin", self._acts), methods=["GET"]),
            Route("/unsubscribe", self._unsubscribe_page, methods=["GET"]),
            Route("/unsubscribe", self._unsubscribe(Publishing(self.workplace)), methods=["POST"]),
        ]
        return Door(Starlette(routes=routes, exception_handlers={Failure: _failure}), hosts, PUBLIC)

    # Who may do what

    def _page(self, role: str, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        """A page for accounts of the role; others are sent to the login, or told that they may not."""

        async def answer(request: Request) -> Response:
            session = await run_in_threadpool(self._session, request)
            if session is None:
                return RedirectResponse(f"/login?next={quote(_path(request))}", HTTPStatus.SEE_OTHER)
            if not session.account.may(role):
                return self._refused(session, f"This page is for accounts of role {role}.")
            return await handler(request, session)

        return answer

    def _form(self, role: str, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        """A form of a page of this session, which is taken once."""

        async def answer(request: Request) -> Response:
            session = await run_in_threadpool(self._session, request)
            if session is None:
                return RedirectResponse("/login", HTTPStatus.SEE_OTHER)
            if not session.account.may(role):
                self._note(request, session.account.name, "refused", request.url.path, f"needs role {role}")
                return self._refused(session, f"This is for accounts of role {role}.")
            form = await _form_of(request)
            if not await run_in_threadpool(use_form, self.workplace.record, session, form.get("csrf", "")):
                self._note(request, session.account.name, "refused", request.url.path, "a form of another moment")
                return self._refused(session, STALE_FORM)
            return await handler(request, session)

        return answer

    def _session(self, request: Request) -> Session | None:
        return session_of(self.workplace.record, request.cookies.get(COOKIE), self.clock())

    def _refused(self, session: Session, why: str) -> Response:
        return page("message", HTTPStatus.FORBIDDEN, session=session, title="Not allowed", text=why)

    def _note(self, request: Request, account: str, act: str, subject: str = "", detail: str = "") -> None:
        address = request.client.host if request.client else ""
        note(self.workplace.record, self.clock(), account, act, subject, detail, address)

    # Logging in and out

    def _login_page(self) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            return page("login", session=None, next=_own_path(request.query_params.get("next")), why=None)

        return answer

    def _login(self, attempts: Attempts) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            form = await _form_of(request)
            name, password = form.get("name", "").strip().lower()[:64], form.get("password", "")
            after = _own_path(form.get("next"))
            address = request.client.host if request.client else ""
            if attempts.is_closed(name, address, self.clock()):
                why = "Too many wrong passwords: try again in a quarter of an hour."
                return page("login", HTTPStatus.TOO_MANY_REQUESTS, session=None, next=after, why=why)
            account = await run_in_threadpool(verified, self.workplace.record, name, password)
            if account is None:
                attempts.failed(name, address, self.clock())
                self._note(request, NOBODY, "login refused", name)
                why = "There is no such account, or the password is another one."
                return page("login", HTTPStatus.FORBIDDEN, session=None, next=after, why=why)
            attempts.succeeded(name)
            settings = self.workplace.settings.console
            token = await run_in_threadpool(
                begin_session, self.workplace.record, account, settings.session_hours, self.clock()
            )
            self._note(request, account.name, "login")
            response = RedirectResponse(after, HTTPStatus.SEE_OTHER)
            response.set_cookie(
                COOKIE, token, max_age=int(3600 * settings.session_hours), httponly=True, samesite="strict",
                secure=settings.is_https,
            )  # fmt: skip
            return response

        return answer

    async def _logout(self, request: Request, session: Session) -> Response:
        await run_in_threadpool(end_session, self.workplace.record, session)
        self._note(request, session.account.name, "logout")
        response = RedirectResponse("/login", HTTPStatus.SEE_OTHER)
        response.delete_cookie(COOKIE)
        return response

    # Pages

    async def _home(self, request: Request, session: Session) -> Response:
        del request
        partitions = self.workplace.record.readable_partitions(Stage.INTERVENTIONS, "decision_ledger")
        days = sorted((each.snapshot for each in partitions), reverse=True)
        return page("home", session=session, days=days)

    async def _report(self, request: Request, session: Session) -> Response:
        del session
        try:
            day = date.fromisoformat(request.path_params["day"])
        except ValueError:
            return PlainTextResponse("There is no such day.\n", HTTPStatus.NOT_FOUND)
        file = report_file(self.workplace.home, day)
        if not file.exists():
            await run_in_threadpool(self._write_report, day)
        return HTMLResponse(await run_in_threadpool(file.read_text, "utf-8"))

    def _write_report(self, day: date) -> None:
        with at_rest(self.workplace):
            write_report(self.workplace, day)

    async def _plan(self, request: Request, session: Session) -> Response:
        del request
        return await run_in_threadpool(self._plan_page, session, None)

    def _plan_page(self, session: Session, said: str | None) -> Response:
        plan = Plan.at(self.workplace, newest_plan(self.workplace))
        return page(
            "plan", session=session, state=plan_state(self.workplace, plan, self.clock()), rows=_rows(plan),
            said=said, policy=self.workplace.settings.decisions.policy,
        )  # fmt: skip

    async def _approve(self, request: Request, session: Session) -> Response:
        return await self._decide(request, session, "approve")

    async def _decline(self, request: Request, session: Session) -> Response:
        return await self._decide(request, session, "decline")

    async def _decide(self, request: Request, session: Session, act: str) -> Response:
        form = await _form_of(request)
        sha256, day = form.get("sha256", ""), form.get("snapshot", "")
        return await run_in_threadpool(self._decided, request, session, act, day, sha256)

    def _decided(self, request: Request, session: Session, act: str, day: str, sha256: str) -> Response:
        plan = Plan.at(self.workplace, newest_plan(self.workplace))
        if day != plan.snapshot.isoformat():
            text = f"The plan of {plan.snapshot} is the newest one: look at it."
            return self._refused(session, text)
        try:
            with at_rest(self.workplace):
                if act == "approve":
                    said = assent(self.workplace, plan, sha256, session.account, self.clock())
                else:
                    said = decline(self.workplace, plan, sha256)
        except Failure as error:
            self._note(request, session.account.name, f"{act} refused", day, str(error))
            return page("message", HTTPStatus.CONFLICT, session=session, title="Not done", text=str(error))
        self._note(request, session.account.name, act, day, f"{sha256} {said}")
        # With the token of the next form; the one that brought this act is used up.
        return self._plan_page(self._session(request) or session, said)

    async def _person(self, request: Request, session: Session) -> Response:
        named = request.query_params.get("user", "").strip()
        if not named:
            return page("person", session=session, named="", person=None, why=None)
        return await run_in_threadpool(self._person_page, request, session, named)

    def _person_page(self, request: Request, session: Session, named: str) -> Response:
        self._note(request, session.account.name, "person read", named[:200])
        try:
            with at_rest(self.workplace):
                person = self.considered(self.workplace, person_of(self.workplace, named, self.clock()))
        except NoSuchUser as error:
            return page("person", HTTPStatus.NOT_FOUND, session=session, named=named, person=None, why=str(error))
        return page("person", session=session, named=named, person=person, why=None)

    async def _acts(self, request: Request, session: Session) -> Response:
        del request
        rows = await run_in_threadpool(newest, self.workplace.record, MOST_ACTS)
        return page("acts", session=session, rows=rows)

    # For people who got a message: RFC 8058, https://www.rfc-editor.org/rfc/rfc8058

    async def _unsubscribe_page(self, request: Request) -> Response:
        """A link that is followed changes nothing: mail programs follow links to look at them."""
        return page("unsubscribe", session=None, key=request.query_params.get("key", ""), is_done=False)

    def _unsubscribe(self, publishing: Publishing) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            key = request.query_params.get("key") or (await _form_of(request)).get("key", "")
            return await run_in_threadpool(self._unsubscribed, publishing, key)

        return answer

    def _unsubscribed(self, publishing: Publishing, key: str) -> Response:
        """Whoever has the key of a message refuses its channel; an unknown key is answered alike."""
        now, record = self.clock(), self.workplace.record
        try:
            add_consents(record, withdrawals(record, [key], now), "unsubscribe", now)
        except NoSuchMessage:
            return page("unsubscribe", session=None, key="", is_done=True)
        write_receipts(self.workplace)
        self.workplace.outbox.cancel_like(key)
        note(record, now, NOBODY, "unsubscribe", key)
        answer = page("unsubscribe", session=None, key="", is_done=True)
        answer.background = BackgroundTask(publishing.publish, key)
        return answer


async def _failure(request: Request, error: Exception) -> Response:
    del request
    status = HTTPStatus.NOT_FOUND if isinstance(error, LookupError) else HTTPStatus.CONFLICT
    if isinstance(error, Busy):
        status = HTTPStatus.SERVICE_UNAVAILABLE
    return page("message", status, session=None, title="Not done", text=str(error))


def _rows(plan: Plan) -> list[tuple[Any, ...]]:
    """(channel, arm, level, state, messages, cost) of the plan."""
    grouped = plan.messages.group_by("channel", "arm", "level", "state", maintain_order=True).agg(
        messages=pl.len(), cost=pl.col("expected_cost_amount").sum()
    )
    return grouped.sort("channel", "arm", "level", "state").rows()


async def _form_of(request: Request) -> dict[str, str]:
    """The fields of a form; of one that is sent twice the last. What is no form has none."""
    body = await request.body()
    return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=20))


def _path(request: Request) -> str:
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


def _own_path(path: str | None) -> str:
    """A path of this server to go on to; the first page where it is anything else."""
    is_own = path is not None and path.startswith("/") and not path.startswith(("//", "/\\")) and "\n" not in path
    return path if is_own and path is not None else "/"
