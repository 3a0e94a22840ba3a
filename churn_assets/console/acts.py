"""What a person may decide in the console: a plan. The same acts as `churn approve`, in the account's name."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from churn_assets.console.accounts import Account
from churn_assets.delivery.approval import NotAllowed, approve_plan, refuse_unsendable, why_not_approved
from churn_assets.delivery.cancel import cancel_messages
from churn_assets.delivery.plan import Plan
from churn_assets.workplace import Workplace

CHANGED = "The plan has changed since this page was made: look at it again."


@dataclass(frozen=True)
class PlanState:
    """`assents`: accounts that have agreed so far; `needed`: how many have to; `why_not`: to approve."""

    plan: Plan
    is_approved: bool
    assents: tuple[str, ...]
    needed: int
    why_not: str | None

    def may_assent(self, account: Account) -> bool:
        """Whether it is this account's turn. If enough have agreed, anybody may: what follows was interrupted."""
        is_open = self.why_not is None and not self.is_approved
        return is_open and (account.name not in self.assents or len(self.assents) >= self.needed)


def plan_state(workplace: Workplace, plan: Plan, now: datetime) -> PlanState:
    try:
        refuse_unsendable(workplace, plan, now)
        why_not = None
    except NotAllowed as error:
        why_not = str(error)
    with workplace.record.reading() as connection:
        rows = connection.execute(
            "select account from assents where snapshot_date = ? and plan_sha256 = ? order by at",
            (plan.snapshot.isoformat(), plan.sha256),
        ).fetchall()
    return PlanState(
        plan, why_not_approved(workplace, plan) is None, tuple(name for (name,) in rows), _needed(workplace, plan),
        why_not,
    )  # fmt: skip


def assent(workplace: Workplace, plan: Plan, sha256: str, account: Account, now: datetime) -> str:
    """Agree to the plan as it was shown; it is approved when enough have. Returns a sentence. Raises NotAllowed."""
    _refuse_changed(plan, sha256)
    refuse_unsendable(workplace, plan, now)
    with workplace.record.transaction() as connection:
        connection.execute(
            "insert or ignore into assents values (?, ?, ?, ?)",
            (plan.snapshot.isoformat(), sha256, account.name, now.isoformat()),
        )
    state = plan_state(workplace, plan, now)
    if len(state.assents) < state.needed:
        return "Noted. A plan of this cost needs a second person."
    approved = approve_plan(workplace, plan, " and ".join(state.assents), now)
    return f"Approved: {approved:,} messages may go. Nothing is sent before churn dispatch --send."


def decline(workplace: Workplace, plan: Plan, sha256: str) -> str:
    """Cancel every message of the plan that is not sent yet. Returns a sentence. Raises NotAllowed."""
    _refuse_changed(plan, sha256)
    cancelled = cancel_messages(workplace, plan.messages)
    return f"Declined: {cancelled:,} messages were cancelled and will not be sent."


def _refuse_changed(plan: Plan, sha256: str) -> None:
    if plan.sha256 != sha256:
        raise NotAllowed(CHANGED)


def _needed(workplace: Workplace, plan: Plan) -> int:
    limit = workplace.settings.console.two_person_amount
    return 1 if limit is None or plan.cost_amount <= limit else 2
