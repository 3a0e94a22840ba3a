"""The calls of the newest plan, and what came of each, entered by whoever called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from types import MappingProxyType
from typing import Any

from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from churn_assets.console.audit import note_all
from churn_assets.console.forms import form_of
from churn_assets.console.gate import Gate
from churn_assets.console.lists import call_list
from churn_assets.console.render import page
from churn_assets.console.sessions import Session
from churn_assets.console.waiting import Publishing
from churn_assets.delivery.objectors import objectors
from churn_assets.delivery.plan import newest_plan
from churn_assets.delivery.receipts import write_receipts
from churn_assets.delivery.reported import Event, Reported, take

# As people choose them, and the event of the message that each is.
OUTCOMES: Mapping[str, tuple[str, Event]] = MappingProxyType({
    "interested": ("Reached, wants to hear more or will order", "interested"),
    "not_interested": ("Reached, not interested", "not_interested"),
    "reached": ("Reached, nothing said", "reached"),
    "not_reached": ("Not reached", "not_reached"),
    "wrong_number": ("Wrong number", "bounced"),
    "no_more": ("Wants no more calls", "unsubscribed"),
    "complained": ("Complained", "complained"),
})  # fmt: skip
SAID = "select message_key, event, occurred_at from message_events order by sequence"
Call = dict[str, Any]


@dataclass(frozen=True)
class Calls:
    gate: Gate
    publishing: Publishing

    async def show(self, request: Request, session: Session) -> Response:
        del request
        calls = await run_in_threadpool(self._calls)
        return page("calls", session=session, calls=calls)

    async def one(self, request: Request, session: Session) -> Response:
        call = await run_in_threadpool(self._call, request.path_params["key"])
        if call is None:
            return PlainTextResponse("There is no such call.\n", HTTPStatus.NOT_FOUND)
        return page("call", session=session, call=call, outcomes=OUTCOMES, why=None)

    async def note(self, request: Request, session: Session) -> Response:
        """Record the outcome of a call, once; a no counts at once."""
        form = await form_of(request)
        return await run_in_threadpool(
            self._note, request, session, request.path_params["key"], form.get("outcome", "")
        )

    def _note(self, request: Request, session: Session, key: str, outcome: str) -> Response:
        gate, call = self.gate, self._call(key)
        if call is None:
            return PlainTextResponse("There is no such call.\n", HTTPStatus.NOT_FOUND)
        if outcome not in OUTCOMES:
            return self._again(request, session, call, "Choose what came of the call.")
        now = gate.clock()
        with gate.workplace.record.transaction() as connection:
            taken = take(connection, [Reported(key, OUTCOMES[outcome][1], now)], now)
            if not taken.refused:  # who said so is on record with what was said, or neither is
                note_all(connection, [gate.row(request, session.account.name, "call noted", key, outcome)])
        if taken.refused:
            return self._again(request, session, call, f"Not noted: {taken.refused[0][1]}.")
        response = RedirectResponse("/calls", HTTPStatus.SEE_OTHER)
        response.background = BackgroundTask(self._follow, key, is_ended=bool(taken.ended))
        return response

    def _again(self, request: Request, session: Session, call: Call, why: str) -> Response:
        """The form with the token of the next one."""
        current = self.gate.session(request) or session
        return page("call", HTTPStatus.CONFLICT, session=current, call=call, outcomes=OUTCOMES, why=why)

    def _follow(self, key: str, *, is_ended: bool) -> None:
        write_receipts(self.gate.workplace)
        if is_ended:
            self.publishing.publish(key)

    def _call(self, key: str) -> Call | None:
        return next((call for call in self._calls() if call["message_key"] == key), None)

    def _calls(self) -> list[Call]:
        """Of the newest plan, best call first, with what was noted last."""
        workplace = self.gate.workplace
        rows = call_list(workplace, newest_plan(workplace), objectors(workplace, self.gate.clock()))
        with workplace.record.reading() as connection:
            said = {key: (event, at) for key, event, at in connection.execute(SAID)}
        return [row | _noted(said.get(row["message_key"])) for row in rows.iter_rows(named=True)]


def _noted(said: tuple[str, str] | None) -> Call:
    if said is None:
        return {"noted": None, "noted_at": None}
    words: Mapping[str, str] = {event: text for text, event in OUTCOMES.values()}
    return {"noted": words.get(said[0], said[0]), "noted_at": datetime.fromisoformat(said[1])}
