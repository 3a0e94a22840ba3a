"""The page of the newest plan, and the two decisions on it."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import polars as pl
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from churn_assets.console.acts import assent, decline, plan_state
from churn_assets.console.forms import form_of
from churn_assets.console.gate import Gate, refused
from churn_assets.console.lists import LISTS
from churn_assets.console.render import page
from churn_assets.console.sessions import Session
from churn_assets.console.waiting import at_rest
from churn_assets.delivery.plan import Plan, newest_plan
from churn_assets.failures import Failure
from churn_assets.instance.policy_promotions import PolicyPromotions
from churn_assets.stages import Stage
from churn_assets.workplace import Workplace


@dataclass(frozen=True)
class Deciding:
    gate: Gate

    async def show(self, request: Request, session: Session) -> Response:
        del request
        return await run_in_threadpool(self._page, session, None)

    async def approve(self, request: Request, session: Session) -> Response:
        return await self._decide(request, session, "approve")

    async def decline(self, request: Request, session: Session) -> Response:
        return await self._decide(request, session, "decline")

    async def _decide(self, request: Request, session: Session, act: str) -> Response:
        form = await form_of(request)
        sha256, day = form.get("sha256", ""), form.get("snapshot", "")
        return await run_in_threadpool(self._decided, request, session, act, day, sha256)

    def _decided(self, request: Request, session: Session, act: str, day: str, sha256: str) -> Response:
        gate = self.gate
        plan = Plan.at(gate.workplace, newest_plan(gate.workplace))
        if day != plan.snapshot.isoformat():
            return refused(session, f"The plan of {plan.snapshot} is the newest one: look at it.")
        try:
            with at_rest(gate.workplace):
                if act == "approve":
                    said = assent(gate.workplace, plan, sha256, session.account, gate.clock())
                else:
                    said = decline(gate.workplace, plan, sha256)
        except Failure as error:
            gate.note(request, session.account.name, f"{act} refused", day, str(error))
            return page("message", HTTPStatus.CONFLICT, session=session, title="Not done", text=str(error))
        gate.note(request, session.account.name, act, day, f"{sha256} {said}")
        # With the token of the next form; the one that brought this act is used up.
        return self._page(gate.session(request) or session, said)

    def _page(self, session: Session, said: str | None) -> Response:
        workplace = self.gate.workplace
        plan = Plan.at(workplace, newest_plan(workplace))
        policies = PolicyPromotions(workplace.record)
        policy = policies.in_force(plan.snapshot, workplace.settings.decisions).policy
        return page(
            "plan", session=session, state=plan_state(workplace, plan, self.gate.clock()), said=said,
            rows=_rows(workplace, plan),
            policy=policy, lists=LISTS,
        )  # fmt: skip


def _rows(workplace: Workplace, plan: Plan) -> list[tuple[Any, ...]]:
    """(channel, arm, level, state, messages, cost, gain as assumed) of the plan."""
    ledger = workplace.tables.read(Stage.INTERVENTIONS, "decision_ledger", plan.snapshot)
    gains = ledger.select("decision_id", "expected_gain_amount")
    grouped = (
        plan.messages.join(gains, on="decision_id")
        .group_by("channel", "arm", "level", "state", maintain_order=True)
        .agg(
            messages=pl.len(), cost=pl.col("expected_cost_amount").sum(), gain=pl.col("expected_gain_amount").sum()
        )
    )  # fmt: skip
    return grouped.sort("channel", "arm", "level", "state").rows()
