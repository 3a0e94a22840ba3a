"""Pages that are only read: reports, effects, one person, settings, what was done; and lists to take away."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from http import HTTPStatus
from typing import Any

import polars as pl
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from churn_assets.console.audit import newest
from churn_assets.console.effect_words import NAMES
from churn_assets.console.gate import Gate
from churn_assets.console.lists import LISTS
from churn_assets.console.render import page
from churn_assets.console.sessions import Session
from churn_assets.console.spreadsheets import FORMS
from churn_assets.console.waiting import at_rest
from churn_assets.delivery.objectors import objectors
from churn_assets.delivery.plan import newest_plan
from churn_assets.doctor.examine import examine
from churn_assets.report.check_pages import check_page_file
from churn_assets.report.compared import Compared, compared_at
from churn_assets.report.files import report_file, write_report
from churn_assets.report.person import NoSuchUser, Person, person_of
from churn_assets.settings.listed import listed_settings
from churn_assets.stages import Stage
from churn_assets.workplace import Workplace

MOST_ACTS = 200


@dataclass(frozen=True)
class Reading:
    """`considered`: adds what was considered for a user."""

    gate: Gate
    considered: Callable[[Workplace, Person], Person]

    async def home(self, request: Request, session: Session) -> Response:
        del request
        partitions = self.gate.workplace.record.readable_partitions(Stage.INTERVENTIONS, "decision_ledger")
        days = sorted((each.snapshot for each in partitions), reverse=True)
        return page("home", session=session, days=days)

    async def report(self, request: Request, session: Session) -> Response:
        del session
        day = _day(request)
        if day is None:
            return PlainTextResponse("There is no such day.\n", HTTPStatus.NOT_FOUND)
        file = report_file(self.gate.workplace.home, day)
        if not file.exists():
            await run_in_threadpool(self._write_report, day)
        return HTMLResponse(await run_in_threadpool(file.read_text, "utf-8"))

    async def checks(self, request: Request, session: Session) -> Response:
        """A page of Great Expectations; of names, only those of pages that were written are answered."""
        del session
        day = _day(request)
        file = day and check_page_file(self.gate.workplace.home, day, request.path_params["name"])
        if not file:
            return PlainTextResponse("There is no such page of checks.\n", HTTPStatus.NOT_FOUND)
        return HTMLResponse(await run_in_threadpool(file.read_text, "utf-8"))

    def _write_report(self, day: date) -> None:
        with at_rest(self.gate.workplace):
            write_report(self.gate.workplace, day)

    async def effects(self, request: Request, session: Session) -> Response:
        del request
        return await run_in_threadpool(self._effects, session)

    def _effects(self, session: Session) -> Response:
        tables = self.gate.workplace.tables
        days = [each.snapshot for each in self.gate.workplace.record.readable_partitions(Stage.EFFECTS, "arm_effects")]
        if not days:
            return page("effects", session=session, day=None, arms=[], programme=[], returns=[], compared=Compared())
        day = max(days)
        arms = tables.read(Stage.EFFECTS, "arm_effects", day)
        programme = tables.read(Stage.EFFECTS, "program_effects", day)
        is_made = tables.find(Stage.EFFECTS, "return_on_spend", day) is not None  # not by releases before 2026-11-29
        returns = tables.read(Stage.EFFECTS, "return_on_spend", day) if is_made else pl.DataFrame()
        return page(
            "effects", session=session, day=day, arms=_in_order(arms), programme=_in_order(programme),
            returns=returns.rows(named=True), compared=compared_at(self.gate.workplace, day),
        )  # fmt: skip

    async def person(self, request: Request, session: Session) -> Response:
        named = request.query_params.get("user", "").strip()
        if not named:
            return page("person", session=session, named="", person=None, why=None)
        return await run_in_threadpool(self._person, request, session, named)

    def _person(self, request: Request, session: Session, named: str) -> Response:
        gate = self.gate
        gate.note(request, session.account.name, "person read", named[:200])
        try:
            with at_rest(gate.workplace):
                person = self.considered(gate.workplace, person_of(gate.workplace, named, gate.clock()))
        except NoSuchUser as error:
            return page("person", HTTPStatus.NOT_FOUND, session=session, named=named, person=None, why=str(error))
        return page("person", session=session, named=named, person=person, why=None)

    async def download(self, request: Request, session: Session) -> Response:
        name, form = request.path_params["name"], request.path_params["form"]
        if name not in LISTS or form not in FORMS:
            return PlainTextResponse("There is no such list.\n", HTTPStatus.NOT_FOUND)
        return await run_in_threadpool(self._download, request, session, name, form)

    def _download(self, request: Request, session: Session, name: str, form: str) -> Response:
        gate = self.gate
        day = newest_plan(gate.workplace)
        rows = LISTS[name][1](gate.workplace, day, objectors(gate.workplace, gate.clock()))
        media_type, written = FORMS[form]
        content = written(rows)
        gate.note(request, session.account.name, "list taken", f"{name} of {day}", f"{form}, {rows.height} rows")
        disposition = f'attachment; filename="{name}-{day}.{form}"'
        return Response(content, media_type=media_type, headers={"Content-Disposition": disposition})

    async def settings(self, request: Request, session: Session) -> Response:
        del request
        listed = await run_in_threadpool(lambda: list(listed_settings(self.gate.workplace.home.settings_file)))
        return page("settings", session=session, rows=listed)

    async def health(self, request: Request, session: Session) -> Response:
        del request
        findings = await run_in_threadpool(examine, self.gate.workplace.home.root)
        return page("health", session=session, findings=findings)

    async def acts(self, request: Request, session: Session) -> Response:
        del request
        rows = await run_in_threadpool(newest, self.gate.workplace.record, MOST_ACTS)
        return page("acts", session=session, rows=rows)


def _day(request: Request) -> date | None:
    try:
        return date.fromisoformat(request.path_params["day"])
    except ValueError:
        return None


def _in_order(effects: pl.DataFrame) -> list[dict[str, Any]]:
    """Rows with what counts most first, and what is there to be watched last."""
    place = {name: number for number, name in enumerate(NAMES)}
    return sorted(effects.rows(named=True), key=lambda row: place.get(row["metric"], len(place)))
